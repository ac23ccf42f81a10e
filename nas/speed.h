// A short measurement of this machine: what a step of each kind of training costs, before anything is spent.
#pragma once

#include <cstdint>
#include <vector>

#include "nas/stage.h"

namespace tessera::nas {

/// Seconds an image; work of one thread is timed with the others busy beside it, as it will run.
struct Speed {
    double teach_step = 0;     ///< of the reference, by all threads
    double teach_forward = 0;  ///< the same without training
    double tune_step = 0;      ///< of the reference learning from itself, by one thread
    double tune_forward = 0;   ///< the same without training
    double single_forward = 0; ///< a batch of one by the threads that latency is measured with
    /// [block][choice] by one thread: a step of distillation, and its share that is only looking at an image.
    std::vector<std::vector<double>> student_step, student_forward;
    int workers = 1;              ///< networks that are trained side by side
    std::int64_t teach_bytes = 0; ///< that a step of the reference holds at its peak, an image
    std::int64_t tune_bytes = 0;  ///< the same of one fine-tuned network
    std::vector<std::vector<std::int64_t>>
        student_bytes; ///< [block][choice] graph of one step of distil.batch
};

/// Takes five to twenty seconds. Of a block's choices a few are timed, spread over their MACs, and the others
/// interpolated; images are noise, so no data set is read.
Speed measure_speed(StageContext& context);

} // namespace tessera::nas
