// preprocessing.json: what happens to an image before an exported network sees it, and what the network's
// outputs are called. Torch-free.
#pragma once

#include <string>
#include <string_view>

#include "training/preprocessing.h"

namespace tessera::nas {

/// Throws RunError for a class name that is not UTF-8, which JSON cannot hold.
std::string preprocessing_json(const training::Preprocessing& preprocessing);

/// The reverse. The text may come from anywhere: everything is checked. Throws RunError beginning with
/// `source`.
training::Preprocessing parse_preprocessing(std::string_view json, const std::string& source);

/// Pixels to which an image is scaled before the centre is cut out of it, rows and columns that are cut off
/// above and on the left rounded down.
struct ScaledSize {
    std::int64_t height = 0, width = 0;
};
ScaledSize scaled_size(const training::Preprocessing& preprocessing);

/// TorchScript methods that do the same, so that whoever loads a network needs no code of their own:
///     normalise(pixels)   N x C x H x W bytes of images that are scaled and cut -> the network's input
///     preprocess(pixels)  height x width x C bytes of one image of any size, as decoders give them -> the
///                         network's input, 1 x C x H x W
/// Made of elementary operators only, which old and new versions of LibTorch compute alike.
std::string preprocessing_script(const training::Preprocessing& preprocessing);

} // namespace tessera::nas
