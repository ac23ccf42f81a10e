// Where computations run, and how many threads they may use.
#pragma once

#include <string>

#include <torch/torch.h>

namespace tessera::training {

/// "cpu", "cuda", "cuda:N" or "auto" (a GPU where an NVIDIA driver is loaded and LibTorch's CUDA libraries
/// are present, else the CPU). The program links the CPU libraries only; libtorch_cuda is opened here, before
/// the first ATen call that asks about CUDA. Throws UsageError for another text, RunError naming
/// `./quickstart.sh --cuda` when a GPU is asked for and cannot be used.
torch::Device select_device(const std::string& text);

/// Version of LibTorch's CUDA libraries ("13.0"), or an empty text where the build has none.
std::string cuda_version();

/// Sets the calling thread's intra-op thread count. Every task body calls it first: the setting is per
/// thread, copied at a thread's first use, so that a value set in main() does not reach oneTBB's workers.
void use_threads(int count);

} // namespace tessera::training
