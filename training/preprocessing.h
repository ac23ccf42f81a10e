// What lies between an image file and a network's input: whoever uses a network elsewhere has to repeat it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::training {

/// Pixels in an image's header from which on it is not decoded, unless somebody says otherwise.
inline constexpr std::int64_t default_max_pixels = 100'000'000;

/// In this order: decode to `channels` channels of 8 bits (laid on white, a photograph turned as its
/// EXIF orientation says); scale, proportions kept, with an antialiased triangle filter ("bilinear" of
/// Pillow); cut out the centre; divide by 255; subtract the mean and divide by the deviation.
struct Preprocessing {
    /// Of the network's input, which is also the size of the centre crop.
    std::int64_t channels = 0, height = 0, width = 0;
    /// Side to which the image's shorter side is scaled before the centre crop. Where the crop is no square,
    /// the scaled image just covers resize/min(height, width) times the crop.
    std::int64_t resize = 0;
    std::string channel_order;                    ///< "RGB" or "grey"
    std::int64_t max_pixels = default_max_pixels; ///< of an image as it lies in its file
    double lowest = 0, highest = 1;               ///< values of pixels before they are normalised
    std::vector<double> mean, deviation;          ///< one a channel, of values between `lowest` and `highest`
    std::vector<std::string> classes;             ///< names in the order of the network's outputs
    bool depths = false; ///< the network gives each pixel a depth instead (N x 1 x H x W), its one "class"
};

} // namespace tessera::training
