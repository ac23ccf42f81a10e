// CIFAR-10 and CIFAR-100 in their binary versions (https://www.cs.toronto.edu/~kriz/cifar.html): records of
// one or two label bytes and 3 x 32 x 32 pixels, plane by plane.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "training/datasets/raw.h"

namespace tessera::training {

struct CifarLayout {
    std::string name;   ///< for messages
    std::string folder; ///< that the published archive unpacks into; looked for below the given path
    std::vector<std::string> train; ///< files
    std::string test, names;        ///< the test file; the text file with one class name a line (optional)
    std::int64_t label_bytes = 1;   ///< the last one is the label (CIFAR-100: coarse, fine)
    std::int64_t classes = 10;
    std::int64_t train_records = 10000, test_records = 10000; ///< in each file
};

CifarLayout cifar10_layout();
CifarLayout cifar100_layout();

/// Throws RunError naming the file: missing, of another size than its records need, a label out of range,
/// class names whose number is not the layout's.
RawDatasets load_cifar(const std::filesystem::path& path, const CifarLayout& layout);

} // namespace tessera::training
