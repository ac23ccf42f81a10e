// What a module learns beside what its network, or its teacher in distillation, asks of it.
#pragma once

#include <torch/torch.h>

namespace tessera::search_spaces {

/// A module with a part that the training's own loss does not reach, or that has to learn first. Whoever
/// trains a module tells it how far the training is before every step, and adds auxiliary_loss() to the loss
/// of each.
struct AuxiliaryTask {
    virtual ~AuxiliaryTask() = default;
    /// Share of the training's steps that are done, 0 to 1. A module that is only tuned starts at 1.
    virtual void set_progress(double progress) = 0;
    /// Of the last forward pass in training mode, a scalar with gradients, handed out once; undefined where
    /// there is none.
    virtual torch::Tensor take_loss() = 0;
};

/// Tells every task of the module, itself included.
void set_progress(torch::nn::Module& module, double progress);
/// Sum over the module's tasks; undefined where there is none.
torch::Tensor auxiliary_loss(torch::nn::Module& module);

} // namespace tessera::search_spaces
