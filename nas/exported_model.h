// An exported network as those who deploy it have it: model.pt and nothing else.
#pragma once

#include <filesystem>
#include <string>

#include <torch/script.h>
#include <torch/torch.h>

#include "training/preprocessing.h"

namespace tessera::nas {

class ExportedModel {
public:
    /// Opens an export folder, or its model.pt alone, on `device`. The file is untrusted. Throws RunError,
    /// one line that names the file: missing, cut short, not TorchScript, without the preprocessing (written
    /// by another tool or an earlier version), description and preprocessing that contradict each other,
    /// files beside it that belong to another export.
    ExportedModel(const std::filesystem::path& path, torch::Device device);

    /// Logits, N x classes float32 on the CPU, of N x C x H x W uint8 images that are scaled and cut already;
    /// or depths, N x 1 x H x W. Computed in evaluation mode without gradients. Throws RunError where the
    /// network fails, or its outputs are of another number or not finite.
    torch::Tensor outputs(const torch::Tensor& pixels);
    /// The network's input on its device: `pixels` normalised, channels-last.
    torch::Tensor input_of(const torch::Tensor& pixels) const;
    /// One call as it is; for timing.
    torch::Tensor forward(const torch::Tensor& input) { return module_.forward({input}).toTensor(); }

    const std::filesystem::path& file() const { return file_; }
    const std::string& id() const { return id_; }
    const std::string& architecture() const { return architecture_; }
    const training::Preprocessing& preprocessing() const { return preprocessing_; }
    torch::Device device() const { return device_; }

private:
    std::filesystem::path file_;
    torch::Device device_;
    torch::jit::Module module_;
    std::string id_, architecture_;
    training::Preprocessing preprocessing_;
};

} // namespace tessera::nas
