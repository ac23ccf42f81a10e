// The shared pass against training each choice alone, and against the bare cost of its kernels, in one
// interleaved run.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target shared_pass
//     build/release/shared_pass [rounds=5] [batches=4]
//
// plain:  each choice trained alone, the reference run for each; two choices side by side, one thread each.
// shared: all choices step on one pass of the reference (predictors/shared_pass.h), the same two threads.
// bare:   CPU time of the kernels alone (one forward of the reference and every student's step, on batches
// and maps that
//         lie ready, measured while both threads work) divided by the number of threads.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include <malloc.h>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include "predictors/shared_pass.h"
#include "support/log.h"
#include "training/device.h"
#include "training/layout.h"

namespace {

using namespace tessera;
using predictors::PassContext;
using predictors::Student;

constexpr const char* kSpace = R"(
space:
  input: [3, 32, 32]
  classes: 10
  stem: {channels: 24, kernel: 3, stride: 1, act: relu}
  blocks:
    - name: b1
      channels: 24
      stride: 1
      reference: &r conv(depth=1,kernel=3,width=1)
      choices: &c
        - conv: {depth: [1, 2], kernel: 3, width: [0.25, 0.5, 1]}
        - conv: {depth: 1, kernel: 5, width: [0.25, 0.5]}
    - {name: b2, channels: 48, stride: 2, reference: *r, choices: *c}
    - {name: b3, channels: 48, stride: 1, reference: *r, choices: *c}
    - {name: b4, channels: 96, stride: 2, reference: *r, choices: *c}
  head: {}
)";

double seconds(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::vector<std::unique_ptr<Student>> make_students(const PassContext& context) {
    std::vector<std::unique_ptr<Student>> students;
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        for (std::size_t m = 1; m < context.space.blocks()[b].choices.size(); ++m) {
            students.push_back(std::make_unique<Student>(context.space, b, m, 1e-3, 1, context.seed));
        }
    }
    return students;
}

/// Runs `count` tasks on the context's workers, one thread each.
void side_by_side(int workers, std::size_t count, const std::function<void(std::size_t)>& task) {
    std::atomic<std::size_t> next{0};
    tbb::task_arena arena(workers);
    arena.execute([&] {
        tbb::parallel_for(0, workers, [&](int) {
            training::use_threads(1);
            for (std::size_t i = next++; i < count; i = next++) {
                tbb::this_task_arena::isolate([&] { task(i); });
            }
        });
    });
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

} // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 5, batches = argc > 2 ? std::atoi(argv[2]) : 4;
    const int workers = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    // As the program does (cli/main.cpp): without it shared takes a quarter longer, given to page faults.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    support::set_verbosity(support::Verbosity::quiet);
    training::use_threads(1);
    const auto space =
        search_spaces::SearchSpace::read(support::Document::parse(kSpace).root().section("space", ""));
    training::DataOptions images;
    images.synthetic_size = 32;
    images.synthetic_train = 1500;
    images.synthetic_test = 100;
    const auto data = training::load_datasets(images, 3, 32, 32, 10);
    search_spaces::Network reference(space, space.reference());
    search_spaces::initialise(*reference, 1);
    training::to_channels_last(*reference);
    reference->eval();
    predictors::DistilOptions options;
    PassContext context{space, reference, data, options, torch::kCPU, workers, 1, {}};
    context.variance = predictors::calibrate(context);

    std::vector<double> plain, shared, bare;
    for (int round = -1; round < rounds; ++round) { // the first round warms up
        auto students = make_students(context);
        std::vector<Student*> pointers;
        for (auto& s : students) {
            pointers.push_back(s.get());
        }
        {
            support::Progress progress("", 1, "");
            const double begin = seconds(CLOCK_MONOTONIC);
            predictors::train_together(context, pointers, batches, progress);
            if (round >= 0) {
                shared.push_back(seconds(CLOCK_MONOTONIC) - begin);
            }
        }
        students = make_students(context);
        {
            PassContext alone = context;
            alone.workers = 1;
            const double begin = seconds(CLOCK_MONOTONIC);
            side_by_side(workers, students.size(), [&](std::size_t i) {
                support::Progress progress("", 1, "");
                predictors::train_together(alone, {students[i].get()}, batches, progress);
            });
            if (round >= 0) {
                plain.push_back(seconds(CLOCK_MONOTONIC) - begin);
            }
        }
        students = make_students(context);
        {
            std::vector<std::int64_t> rows(static_cast<std::size_t>(options.batch));
            for (std::size_t i = 0; i < rows.size(); ++i) {
                rows[i] = static_cast<std::int64_t>(i);
            }
            const auto batch = training::make_batch(data.train, rows, data.normalisation);
            std::vector<torch::Tensor> maps;
            {
                const torch::NoGradGuard no_gradients;
                maps = reference->boundaries(batch.images);
            }
            std::atomic<long long> nanoseconds{0};
            for (int k = 0; k < batches; ++k) {
                side_by_side(workers, students.size() + 1, [&](std::size_t i) {
                    const double begin = seconds(CLOCK_THREAD_CPUTIME_ID);
                    if (i == 0) {
                        const torch::NoGradGuard no_gradients;
                        reference->boundaries(batch.images);
                    } else {
                        Student& s = *students[i - 1];
                        s.learn(maps[s.block()], maps[s.block() + 1], context.variance[s.block()], 1e-3);
                    }
                    nanoseconds += static_cast<long long>(1e9 * (seconds(CLOCK_THREAD_CPUTIME_ID) - begin));
                });
            }
            if (round >= 0) {
                bare.push_back(1e-9 * static_cast<double>(nanoseconds) / workers);
            }
        }
    }
    std::vector<double> gain, share;
    for (std::size_t i = 0; i < shared.size(); ++i) {
        gain.push_back(plain[i] / shared[i]);
        share.push_back(bare[i] / shared[i]);
    }
    const auto students = make_students(context).size();
    std::printf("%zu students, batch %lld, %d batches, %d threads, %d rounds; seconds are medians\n",
                students, static_cast<long long>(options.batch), batches, workers, rounds);
    std::printf("plain  %7.3f s\nshared %7.3f s   plain / shared %.2f (%.2f to %.2f)\nbare   %7.3f s   bare "
                "/ shared  %.2f (%.2f to %.2f)\n",
                median(plain), median(shared), median(gain), *std::min_element(gain.begin(), gain.end()),
                *std::max_element(gain.begin(), gain.end()), median(bare), median(share),
                *std::min_element(share.begin(), share.end()), *std::max_element(share.begin(), share.end()));
    return 0;
}
