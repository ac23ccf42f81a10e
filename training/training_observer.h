// Somebody who looks on while a network trains, and may have seen enough.
#pragma once

#include <cstdint>
#include <string>

#include "training/safetensors.h"

namespace tessera::training {

class TrainingObserver {
public:
    virtual ~TrainingObserver() = default;
    /// `done`: steps of the whole training so far.
    virtual void before_step(std::int64_t done) = 0;
    virtual void after_step(std::int64_t done) = 0;
    /// Whether the training may end before its last step: asked before every step, and decided by what has
    /// been seen alone, so that a training that is resumed ends where it would have.
    virtual bool enough() const = 0;
    /// Whether a training whose loss is not finite ends there instead of failing.
    virtual bool makes_do() const { return false; }
    /// What has been seen, for checkpoints; load() throws RunError naming `source` where it does not fit, and
    /// then has changed nothing.
    virtual TensorMap state() const = 0;
    virtual void load(const TensorMap& state, const std::string& source) = 0;
};

} // namespace tessera::training
