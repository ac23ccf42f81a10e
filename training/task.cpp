#include "training/task.h"

namespace tessera::training {

const Task& task_of(const Dataset& data) {
    return data.targets.defined() ? depth_task() : classification_task();
}

const Task& task_of(const search_spaces::HeadOptions& head) {
    return head.dense() ? depth_task() : classification_task();
}

} // namespace tessera::training
