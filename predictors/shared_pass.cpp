#include "predictors/shared_pass.h"

#include <algorithm>
#include <chrono>

#include <oneapi/tbb/task_arena.h>

#include "predictors/run_tasks.h"
#include "support/interrupt.h"
#include "support/log.h"
#include "training/schedule.h"

namespace tessera::predictors {

using training::Batch;

namespace {

Maps maps_of(const PassContext& context, const std::function<Batch(std::int64_t)>& batch_of,
             std::int64_t index) {
    // The batch's own parallel loops must not pick up a student's task here.
    Batch batch;
    tbb::this_task_arena::isolate([&] { batch = batch_of(index); });
    const torch::NoGradGuard no_gradients;
    search_spaces::Network reference = context.reference;
    std::vector<torch::Tensor> maps = reference->boundaries(batch.images.to(context.device));
    Maps result;
    for (std::size_t b = 0; b < reference->blocks.size(); ++b) {
        result.inputs.push_back(reference->input_of(b, maps));
    }
    maps.erase(maps.begin());
    result.outputs = std::move(maps);
    return result;
}

std::vector<std::int64_t> head_of(std::vector<std::int64_t> order, std::int64_t limit) {
    if (limit > 0 && limit < static_cast<std::int64_t>(order.size())) {
        order.resize(static_cast<std::size_t>(limit));
    }
    return order;
}

std::int64_t images_per_epoch(const PassContext& context) {
    const std::int64_t all = context.data.train.size(), limit = context.options.train_limit;
    return limit > 0 ? std::min(all, limit) : all;
}

} // namespace

void stream(const PassContext& context, std::vector<Student*> students, std::int64_t batches,
            const std::function<Batch(std::int64_t)>& batch_of,
            const std::function<void(Student&, const Maps&, std::int64_t)>& task,
            const std::function<void(std::int64_t)>& after, std::int64_t first) {
    std::stable_sort(students.begin(), students.end(),
                     [](const Student* a, const Student* b) { return a->macs() > b->macs(); });
    Maps current, next;
    if (first < batches) {
        run_tasks(1, {[&] { current = maps_of(context, batch_of, first); }});
    }
    for (std::int64_t i = first; i < batches; ++i) {
        std::vector<std::function<void()>> tasks;
        if (i + 1 < batches) {
            tasks.emplace_back([&] { next = maps_of(context, batch_of, i + 1); });
        }
        for (Student* student : students) {
            tasks.emplace_back([&, student] { task(*student, current, i); });
        }
        run_tasks(context.workers, tasks);
        current = std::move(next);
        after(i);
    }
}

std::int64_t steps_of(const PassContext& context) {
    const std::int64_t images = images_per_epoch(context), batch = std::min(context.options.batch, images);
    return context.options.epochs * std::max<std::int64_t>(1, images / batch);
}

void train_together(const PassContext& context, const std::vector<Student*>& students, std::int64_t limit,
                    support::Progress& progress, std::int64_t first,
                    const std::function<void(std::int64_t)>& save) {
    const std::int64_t images = images_per_epoch(context), batch = std::min(context.options.batch, images);
    const std::int64_t per_epoch = std::max<std::int64_t>(1, images / batch);
    const std::int64_t steps = limit > 0 ? std::min(limit, steps_of(context)) : steps_of(context);

    std::int64_t ordered_epoch = -1;
    std::vector<std::int64_t> order;
    const auto batch_of = [&](std::int64_t step) {
        const std::int64_t epoch = step / per_epoch, place = step % per_epoch;
        if (epoch != ordered_epoch) {
            order =
                head_of(training::epoch_order(context.data.train.size(),
                                              support::derive_seed(context.seed, {"distil", "order"}), epoch),
                        images);
            ordered_epoch = epoch;
        }
        const std::uint64_t seed =
            support::derive_seed(context.seed, {"distil", "augment", std::to_string(epoch)});
        return training::make_batch(context.data.train,
                                    std::span(order).subspan(static_cast<std::size_t>(place * batch),
                                                             static_cast<std::size_t>(batch)),
                                    context.data.normalisation, &context.options.augment, seed);
    };
    const std::int64_t warmup = std::min<std::int64_t>(steps / 20, 100);
    const auto learn = [&](Student& student, const Maps& maps, std::int64_t step) {
        const std::size_t b = student.block();
        student.learn(maps.inputs[b], maps.outputs[b], context.variance[b],
                      training::cosine_factor(step, steps, warmup),
                      static_cast<double>(step) / static_cast<double>(steps));
    };
    auto saved_at = std::chrono::steady_clock::now();
    const auto after = [&](std::int64_t step) {
        progress.advance(static_cast<std::int64_t>(students.size()));
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - saved_at;
        if (save && (step + 1 == steps || support::interrupt_pending() ||
                     passed.count() >= context.options.checkpoint_seconds)) {
            save(step + 1);
            saved_at = std::chrono::steady_clock::now();
        }
        support::check_interrupt();
    };
    stream(context, students, steps, batch_of, learn, after, first);
}

std::int64_t held_out_count(const PassContext& context) {
    const std::int64_t limit = context.options.held_out_images, all = context.data.validation.size();
    return limit > 0 ? std::min(limit, all) : all;
}

void settle_and_evaluate(const PassContext& context, std::vector<Student*> students) {
    const auto nothing = [](std::int64_t) { support::check_interrupt(); };
    const std::int64_t available = std::min(context.options.settle_images, context.data.train.size());
    const std::int64_t batch = std::min(context.options.batch, available);
    const auto settling =
        head_of(training::epoch_order(context.data.train.size(),
                                      support::derive_seed(context.seed, {"distil", "settle"}), 0),
                available);
    for (Student* s : students) {
        s->begin_settling();
    }
    stream(
        context, students, available / batch,
        [&](std::int64_t i) {
            return training::make_batch(context.data.train,
                                        std::span(settling).subspan(static_cast<std::size_t>(i * batch),
                                                                    static_cast<std::size_t>(batch)),
                                        context.data.normalisation);
        },
        [](Student& student, const Maps& maps, std::int64_t) {
            student.settle(maps.inputs[student.block()]);
        },
        nothing);
    for (Student* s : students) {
        s->end_settling();
        s->begin_evaluation();
    }
    const auto& held_out = context.data.validation;
    const std::int64_t count = held_out_count(context);
    std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = static_cast<std::int64_t>(i);
    }
    stream(
        context, students, (count + kEvaluationBatch - 1) / kEvaluationBatch,
        [&](std::int64_t i) {
            const auto begin = static_cast<std::size_t>(i * kEvaluationBatch);
            const auto length = std::min(static_cast<std::size_t>(kEvaluationBatch), rows.size() - begin);
            return training::make_batch(held_out, std::span(rows).subspan(begin, length),
                                        context.data.normalisation);
        },
        [](Student& student, const Maps& maps, std::int64_t) {
            student.evaluate(maps.inputs[student.block()], maps.outputs[student.block()]);
        },
        nothing);
}

std::vector<torch::Tensor> calibrate(const PassContext& context) {
    const std::size_t blocks = context.space.blocks().size();
    std::vector<training::ChannelVariance> statistics(blocks);
    const std::int64_t images = std::min(context.options.calibration_images, context.data.train.size());
    const auto rows =
        head_of(training::epoch_order(context.data.train.size(),
                                      support::derive_seed(context.seed, {"distil", "calibrate"}), 0),
                images);
    for (std::int64_t begin = 0; begin < images; begin += kEvaluationBatch) {
        const auto length = static_cast<std::size_t>(std::min(kEvaluationBatch, images - begin));
        const auto batch_of = [&](std::int64_t) {
            return training::make_batch(context.data.train,
                                        std::span(rows).subspan(static_cast<std::size_t>(begin), length),
                                        context.data.normalisation);
        };
        Maps maps;
        run_tasks(1, {[&] { maps = maps_of(context, batch_of, 0); }});
        for (std::size_t b = 0; b < blocks; ++b) {
            statistics[b].add(maps.outputs[b]);
        }
        support::check_interrupt();
    }
    std::vector<torch::Tensor> variance;
    for (std::size_t b = 0; b < blocks; ++b) {
        if (const auto dead = statistics[b].dead(); dead > 0) {
            support::warn("block {}: {} of the reference's {} channels are dead (no variance)",
                          context.space.blocks()[b].name, dead, context.space.blocks()[b].site.out_channels);
        }
        variance.push_back(statistics[b].variance().to(torch::kFloat).to(context.device));
    }
    return variance;
}

} // namespace tessera::predictors
