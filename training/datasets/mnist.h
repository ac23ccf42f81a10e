// MNIST and what follows its format (Fashion-MNIST, KMNIST): IDX files, unpacked
// (http://yann.lecun.com/exdb/mnist/).
#pragma once

#include <filesystem>

#include "training/datasets/raw.h"

namespace tessera::training {

/// Reads {train,t10k}-{images-idx3,labels-idx1}-ubyte, also spelled with a dot before "idx". One channel, ten
/// classes. Throws RunError naming the file: missing (or only present as .gz), another magic number, a size
/// other than its header's, labels and images that differ in number, images of other sizes in the two splits,
/// a label above 9.
RawDatasets load_mnist(const std::filesystem::path& folder);

} // namespace tessera::training
