// Which students go through the data together: within the memory budget, from the same step.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "predictors/memory_plan.h"
#include "predictors/shared_pass.h"

namespace tessera::predictors {

/// One student's training: of which choice, at what learning rate, after how many steps.
struct Task {
    std::size_t block = 0, choice = 0;
    double learning_rate = 0;
    std::int64_t step = 0;
};

/// Students of one pass; all stand at the same step.
struct TaskGroup {
    std::vector<Task> tasks;
    std::int64_t planned_bytes = 0;
};

/// Bytes that a student needs, measured on the CPU on two small batches and extrapolated: to `batch` images
/// for a step of training, to kEvaluationBatch for its evaluation.
StudentMemory measure_memory(const PassContext& context, std::size_t block, std::size_t choice,
                             std::int64_t batch);

/// Groups tasks by what was measured, once for each choice at sites that are alike.
class PassPlanner {
public:
    explicit PassPlanner(const PassContext& context);

    /// Those that are furthest first, else in their order; each group within options.memory_mb where that is
    /// possible. Throws Interrupted between measurements.
    std::vector<TaskGroup> plan(std::vector<Task> tasks);

private:
    std::string key(const Task& task) const;
    void measure(std::span<const Task> tasks);

    const PassContext& context_;
    /// The maps of two batches, what the reference holds on the way to them, and the images.
    std::int64_t boundary_ = 0;
    std::map<std::string, StudentMemory> measured_;
};

/// Freshly initialised, on the context's device.
std::vector<std::unique_ptr<Student>> make_students(const PassContext& context, std::span<const Task> tasks);
std::vector<Student*> pointers_to(const std::vector<std::unique_ptr<Student>>& students);

} // namespace tessera::predictors
