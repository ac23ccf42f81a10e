#include "nas/speed.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <numeric>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include "predictors/distiller.h"
#include "predictors/memory_meter.h"
#include "support/interrupt.h"
#include "support/progress.h"
#include "training/batches.h"
#include "training/device.h"
#include "training/layout.h"

namespace tessera::nas {
namespace {

using search_spaces::Network;

constexpr std::size_t timed_choices = 5; // of each block
constexpr double macs_of_a_step = 2e9;   // on a CPU: enough to time, little enough to wait for
constexpr double least_seconds = 0.4;    // of one timing

double seconds_of(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The better of two calls; kernels of a GPU are waited for.
double better_of_two(const torch::Device& device, const std::function<void()>& work) {
    const auto finished = [&] {
        work();
        if (device.is_cuda()) {
            torch::cuda::synchronize(device.index());
        }
    };
    return std::min(seconds_of(finished), seconds_of(finished));
}

/// Seconds of one call, after one that is not timed.
double timed(const std::function<void()>& work) {
    work();
    double spent = 0;
    int calls = 0;
    while (spent < least_seconds || calls == 0) {
        support::check_interrupt();
        spent += seconds_of(work);
        ++calls;
    }
    return spent / calls;
}

/// Mean over `workers` threads doing the same at once.
double timed_side_by_side(int workers, const std::function<std::function<void()>()>& make_work) {
    std::vector<std::function<void()>> work;
    for (int i = 0; i < workers; ++i) {
        work.push_back(make_work());
    }
    std::vector<double> seconds(work.size());
    tbb::task_arena arena(workers);
    arena.execute([&] {
        tbb::parallel_for(std::size_t{0}, work.size(), [&](std::size_t i) {
            training::use_threads(1);
            tbb::this_task_arena::isolate([&] { seconds[i] = timed(work[i]); });
        });
    });
    return std::accumulate(seconds.begin(), seconds.end(), 0.0) / static_cast<double>(seconds.size());
}

training::Datasets noise_images(const search_spaces::SearchSpace& space, std::int64_t count) {
    const auto& input = space.input();
    torch::Generator generator = at::detail::createCPUGenerator(1);
    training::Datasets data;
    data.train.images =
        torch::randint(0, 256, {count, input.channels, input.height, input.width}, generator, torch::kUInt8);
    data.train.labels = torch::randint(0, space.classes(), {count}, generator, torch::kInt64);
    if (space.head().dense()) {
        data.train.targets = torch::rand({count, 1, input.height, input.width}, generator) + 1;
    }
    const auto channels = static_cast<std::size_t>(input.channels);
    data.normalisation = {std::vector<double>(channels, 0.5), std::vector<double>(channels, 0.25)};
    return data;
}

Network fresh(StageContext& context) {
    Network network(context.config.space, context.config.space.reference());
    search_spaces::initialise(*network, 1);
    training::to_channels_last(*network);
    network->to(context.device());
    network->eval();
    return network;
}

/// One step of training as the loop takes it, augmentation and optimiser included.
std::function<void()> training_step(StageContext& context, training::TrainOptions options, int threads,
                                    const training::Datasets& data, const Network& teacher,
                                    support::Progress& progress) {
    options.epochs = 1;
    options.train_limit = 0;
    options.batch = data.train.size();
    Network network = fresh(context);
    return [&context, options, threads, &data, network, teacher, &progress]() mutable {
        training::TrainContext train;
        train.device = context.device();
        train.threads = threads;
        train.teacher = teacher;
        train.progress = &progress;
        training::train(network, data, options, train);
    };
}

std::function<void()> forward(StageContext& context, int threads, std::int64_t batch) {
    const auto& input = context.config.space.input();
    Network network = fresh(context);
    const torch::Tensor images =
        torch::zeros({batch, input.channels, input.height, input.width}).to(context.device());
    return [network, images, threads]() mutable {
        const torch::NoGradGuard no_grad;
        training::use_threads(threads);
        network->forward(images);
        if (images.is_cuda()) {
            torch::cuda::synchronize();
        }
    };
}

/// Choices of a block by rising MACs.
std::vector<std::size_t> by_macs(const search_spaces::SearchSpace& space, std::size_t block) {
    const auto& choices = space.blocks()[block].choices;
    std::vector<std::size_t> order(choices.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return space.block_costs(block, choices[a]).macs < space.block_costs(block, choices[b]).macs;
    });
    return order;
}

struct StudentSpeed {
    double step = 0, forward = 0; // seconds an image
    std::int64_t bytes = 0;
};

/// Images of a step that is timed. A GPU is timed with as many as it will get: few would leave it idle.
std::int64_t timed_batch(const Configuration& config, const torch::Device& device, double macs) {
    if (!device.is_cpu()) {
        return config.distil.batch;
    }
    return static_cast<std::int64_t>(std::clamp(macs_of_a_step / std::max(3 * macs, 1.0), 2.0,
                                                std::min(32.0, static_cast<double>(config.distil.batch))));
}

/// A choice and what it would learn from.
struct Lesson {
    predictors::Student student;
    torch::Tensor input, target, variance;

    Lesson(const search_spaces::SearchSpace& space, std::size_t block, std::size_t choice,
           const torch::Device& device, std::int64_t batch)
        : student(space, block, choice, 1e-3, 0, 1, device) {
        const auto map = [&](const search_spaces::Shape& s) {
            return torch::rand(s.sizes(batch)).contiguous(at::MemoryFormat::ChannelsLast).to(device);
        };
        const auto& site = space.blocks()[block].site;
        input = map(site.input);
        target = map(site.output());
        variance = torch::ones({site.out_channels}, device);
    }
    void step() { student.learn(input, target, variance, 1e-6); }
    /// Bytes that a step holds at its peak; on the CPU, which is also what passes are planned by.
    std::int64_t step_bytes() {
        step(); // gradients and moments are allocated in the first one
        return predictors::peak_bytes([this] { step(); });
    }
};

StudentSpeed time_student(const StageContext& context, const torch::Device& device, std::size_t block,
                          std::size_t choice) {
    const auto& space = context.config.space;
    const auto macs =
        static_cast<double>(space.block_costs(block, space.blocks()[block].choices[choice]).macs);
    const std::int64_t batch = timed_batch(context.config, device, macs);
    Lesson lesson(space, block, choice, device, batch);
    StudentSpeed result;
    if (device.is_cpu()) {
        result.bytes = lesson.step_bytes() / batch * context.config.distil.batch;
    } else {
        constexpr std::int64_t few = 2;
        result.bytes =
            Lesson(space, block, choice, torch::kCPU, few).step_bytes() / few * context.config.distil.batch;
        lesson.step();
    }
    result.step = better_of_two(device, [&] { lesson.step(); }) / static_cast<double>(batch);
    lesson.student.begin_settling();
    const auto look = [&] { lesson.student.settle(lesson.input); };
    look();
    result.forward = better_of_two(device, look) / static_cast<double>(batch);
    return result;
}

/// Between the timed ones by MACs, beyond them as the nearest.
template <class T>
std::vector<T> interpolated(const std::vector<double>& macs, const std::vector<std::size_t>& order,
                            const std::vector<std::size_t>& places, const std::vector<T>& values) {
    std::vector<T> result(macs.size());
    for (std::size_t k = 0; k < order.size(); ++k) {
        const auto upper = std::lower_bound(places.begin(), places.end(), k);
        const auto high = static_cast<std::size_t>(upper - places.begin());
        const std::size_t low = places[high] == k ? high : high - 1;
        const double from = macs[order[places[low]]], to = macs[order[places[high]]];
        const double share = to > from ? (macs[order[k]] - from) / (to - from) : 0;
        result[order[k]] = static_cast<T>(static_cast<double>(values[low]) * (1 - share) +
                                          static_cast<double>(values[high]) * share);
    }
    return result;
}

void time_students(StageContext& context, Speed& speed) {
    const auto& space = context.config.space;
    struct Job {
        std::size_t block, choice;
        StudentSpeed speed;
    };
    std::vector<Job> jobs;
    std::vector<std::vector<std::size_t>> orders, places;
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        orders.push_back(by_macs(space, b));
        const std::size_t count = orders[b].size(), timed = std::min(count, timed_choices);
        std::vector<std::size_t> chosen;
        for (std::size_t k = 0; k < timed; ++k) {
            chosen.push_back(timed == 1 ? 0 : k * (count - 1) / (timed - 1));
            jobs.push_back({b, orders[b][chosen.back()], {}});
        }
        places.push_back(chosen);
    }
    std::atomic<std::size_t> next{0};
    const torch::Device device = context.device();
    tbb::task_arena arena(speed.workers);
    arena.execute([&] {
        tbb::parallel_for(0, speed.workers, [&](int) {
            training::use_threads(1);
            for (std::size_t i = next++; i < jobs.size(); i = next++) {
                support::check_interrupt();
                tbb::this_task_arena::isolate(
                    [&] { jobs[i].speed = time_student(context, device, jobs[i].block, jobs[i].choice); });
            }
        });
    });
    std::size_t job = 0;
    for (std::size_t b = 0; b < orders.size(); ++b) {
        std::vector<double> macs, step, forward;
        std::vector<std::int64_t> bytes;
        for (const auto& choice : space.blocks()[b].choices) {
            macs.push_back(static_cast<double>(space.block_costs(b, choice).macs));
        }
        for (std::size_t k = 0; k < places[b].size(); ++k, ++job) {
            step.push_back(jobs[job].speed.step);
            forward.push_back(jobs[job].speed.forward);
            bytes.push_back(jobs[job].speed.bytes);
        }
        speed.student_step.push_back(interpolated(macs, orders[b], places[b], step));
        speed.student_forward.push_back(interpolated(macs, orders[b], places[b], forward));
        speed.student_bytes.push_back(interpolated(macs, orders[b], places[b], bytes));
    }
}

} // namespace

Speed measure_speed(StageContext& context) {
    const Configuration& config = context.config;
    support::Progress progress("measuring this machine", 0, "images");
    const int all = context.threads, workers = context.device().is_cpu() ? all : 1;
    const auto macs = static_cast<double>(config.space.costs(config.space.reference()).macs);
    const auto bounded = [&](std::int64_t batch) { // so that one step stays below a second or two
        return std::min(batch, std::max<std::int64_t>(2, static_cast<std::int64_t>(20e9 / (3 * macs))));
    };
    Speed speed;
    speed.workers = workers;
    const auto per_image = [](double seconds, std::int64_t images) {
        return seconds / static_cast<double>(images);
    };

    training::TrainOptions teach = config.teach.train;
    const std::int64_t teach_batch = bounded(teach.batch);
    const training::Datasets teach_data = noise_images(config.space, teach_batch);
    training::use_threads(all);
    const auto step = training_step(context, teach, all, teach_data, nullptr, progress);
    speed.teach_step = per_image(timed(step), teach_batch);
    // Of a network without gradients from before: the meter has to see every block from its beginning.
    const auto first = training_step(context, teach, all, teach_data, nullptr, progress);
    speed.teach_bytes = predictors::peak_bytes(first) / teach_batch;
    speed.teach_forward = per_image(timed(forward(context, all, 64)), 64);
    const int threads =
        config.latency.probe.threads > 0 ? static_cast<int>(config.latency.probe.threads) : all;
    speed.single_forward = timed(forward(context, threads, config.latency.probe.batch));

    training::TrainOptions tune = config.sample.train;
    tune.batch = bounded(tune.batch);
    const training::Datasets tune_data = noise_images(config.space, tune.batch);
    const Network teacher = fresh(context);
    const int tune_threads = workers == 1 ? all : 1;
    speed.tune_step = per_image(timed_side_by_side(workers,
                                                   [&] {
                                                       return training_step(context, tune, tune_threads,
                                                                            tune_data, teacher, progress);
                                                   }),
                                tune.batch);
    speed.tune_bytes =
        predictors::peak_bytes(training_step(context, tune, tune_threads, tune_data, teacher, progress)) /
        tune.batch;
    speed.tune_forward =
        per_image(timed_side_by_side(workers, [&] { return forward(context, tune_threads, 64); }), 64);
    time_students(context, speed);
    training::use_threads(all);
    return speed;
}

} // namespace tessera::nas
