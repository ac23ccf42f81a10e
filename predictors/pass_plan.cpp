#include "predictors/pass_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "predictors/memory_meter.h"
#include "predictors/run_tasks.h"
#include "support/interrupt.h"

namespace tessera::predictors {

namespace {

torch::Tensor any_map(std::int64_t images, const search_spaces::Shape& shape) {
    return torch::randn(shape.sizes(images)).contiguous(at::MemoryFormat::ChannelsLast);
}

/// What `peak` measures at 2 and at 4 images, extrapolated to `images`.
template <class Peak>
std::int64_t extrapolated(Peak peak, std::int64_t images) {
    const std::int64_t small = peak(2), large = peak(4);
    const std::int64_t slope = std::max<std::int64_t>(0, (large - small) / 2);
    return std::max<std::int64_t>(0, small - 2 * slope) + slope * images;
}

/// Bytes beside the students: at most two batches' maps are alive at once, of which one is in the making.
std::int64_t boundary_bytes(const PassContext& context) {
    const std::int64_t images = std::max(context.options.batch, kEvaluationBatch);
    const auto& input = context.space.input();
    std::int64_t elements = context.space.blocks().front().site.input.elements();
    for (const auto& block : context.space.blocks()) {
        elements += block.site.output().elements();
        elements += block.skips.empty() ? 0 : block.site.input.elements(); // joined: a map of its own
    }
    const auto copy = std::dynamic_pointer_cast<search_spaces::NetworkImpl>(
        context.reference->clone(torch::Device(torch::kCPU)));
    const auto peak = [&](std::int64_t count) {
        return peak_bytes([&] {
            const torch::NoGradGuard no_gradients;
            const auto maps = copy->boundaries(any_map(count, input));
            for (std::size_t b = 0; b < copy->blocks.size(); ++b) {
                copy->input_of(b, maps);
            }
        });
    };
    peak(2); // what is allocated once
    return elements * 4 * images + std::max(elements * 4 * images, extrapolated(peak, images));
}

} // namespace

StudentMemory measure_memory(const PassContext& context, std::size_t block, std::size_t choice,
                             std::int64_t batch) {
    Student student(context.space, block, choice, 1e-3, 0, context.seed);
    const auto& site = context.space.blocks()[block].site;
    const torch::Tensor variance = torch::ones({site.out_channels});
    const auto peak = [&](std::int64_t images, auto work) {
        const torch::Tensor x = any_map(images, site.input), y = any_map(images, site.output());
        return peak_bytes([&] { work(x, y); });
    };
    const auto training_peak = [&](std::int64_t images) {
        return peak(images, [&](const auto& x, const auto& y) { student.learn(x, y, variance, 1e-6); });
    };
    const auto evaluation_peak = [&](std::int64_t images) {
        return peak(images, [&](const auto& x, const auto& y) { student.evaluate(x, y); });
    };
    training_peak(2); // gradients are allocated in the first step
    const std::int64_t training = extrapolated(training_peak, batch);
    student.begin_evaluation();
    return {4 * student.weight_bytes(), std::max(training, extrapolated(evaluation_peak, kEvaluationBatch))};
}

PassPlanner::PassPlanner(const PassContext& context)
    : context_(context), boundary_(boundary_bytes(context)) {}

std::string PassPlanner::key(const Task& task) const {
    const auto& block = context_.space.blocks()[task.block];
    const auto text = [](const search_spaces::Shape& s) {
        return fmt::format("{}x{}x{}", s.channels, s.height, s.width);
    };
    return fmt::format("{} {} {} {}", text(block.site.input), text(block.site.output()), block.site.stride,
                       block.choices[task.choice].text());
}

void PassPlanner::measure(std::span<const Task> tasks) {
    std::map<std::string, Task> missing;
    for (const Task& task : tasks) {
        if (const std::string k = key(task); !measured_.contains(k)) {
            missing.emplace(k, task);
        }
    }
    if (missing.empty()) {
        return;
    }
    support::Progress progress("distil: memory", static_cast<std::int64_t>(missing.size()), "choices");
    std::vector<std::function<void()>> work;
    for (const auto& [k, task] : missing) {
        // The map's nodes are made here: the tasks may only fill them.
        work.emplace_back([this, &progress, task = task, into = &measured_[k]] {
            support::check_interrupt();
            *into = measure_memory(context_, task.block, task.choice, context_.options.batch);
            progress.advance();
        });
    }
    run_tasks(context_.workers, work);
}

std::vector<TaskGroup> PassPlanner::plan(std::vector<Task> tasks) {
    measure(tasks);
    std::stable_sort(tasks.begin(), tasks.end(),
                     [](const Task& a, const Task& b) { return a.step > b.step; });
    std::vector<TaskGroup> groups;
    for (auto begin = tasks.begin(); begin != tasks.end();) {
        const auto end =
            std::find_if(begin, tasks.end(), [&](const Task& t) { return t.step != begin->step; });
        std::vector<StudentMemory> memory;
        for (auto at = begin; at != end; ++at) {
            memory.push_back(measured_.at(key(*at)));
        }
        for (const auto& members :
             plan_groups(memory, boundary_, context_.workers, context_.options.memory_mb << 20)) {
            TaskGroup group;
            std::int64_t graph = 0;
            group.planned_bytes = boundary_;
            for (const std::size_t i : members) {
                group.tasks.push_back(begin[static_cast<std::ptrdiff_t>(i)]);
                group.planned_bytes += memory[i].resident;
                graph = std::max(graph, memory[i].graph);
            }
            group.planned_bytes +=
                graph * std::min<std::int64_t>(context_.workers, static_cast<std::int64_t>(members.size()));
            groups.push_back(std::move(group));
        }
        begin = end;
    }
    return groups;
}

std::vector<std::unique_ptr<Student>> make_students(const PassContext& context, std::span<const Task> tasks) {
    std::vector<std::unique_ptr<Student>> students;
    for (const Task& t : tasks) {
        students.push_back(std::make_unique<Student>(context.space, t.block, t.choice, t.learning_rate,
                                                     context.options.clip, context.seed, context.device));
        if (!context.scores.empty()) {
            students.back()->start_from(*context.reference->blocks[t.block], context.scores[t.block]);
        }
    }
    return students;
}

std::vector<Student*> pointers_to(const std::vector<std::unique_ptr<Student>>& students) {
    std::vector<Student*> pointers;
    for (const auto& student : students) {
        pointers.push_back(student.get());
    }
    return pointers;
}

} // namespace tessera::predictors
