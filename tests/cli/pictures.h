// Photographs of a kind: small JPEG files in class folders, and a network exported from a run on them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/cli/program.h"

namespace tessera::tests {

/// One of them as only CSV writers and shells that quote can take it.
inline const std::vector<std::string> picture_classes = {"grass", "night", "sky, blue", "tomato"};

/// A noisy picture of the class as JPEG; `number` varies it. `orientation`: what its EXIF data say, 1 (none)
/// to 8.
void put_picture(const std::filesystem::path& file, int label, int number, int width, int height,
                 int orientation = 1);
/// As PNG, the more transparent the farther down.
void put_transparent_picture(const std::filesystem::path& file, int label, int width, int height);

/// images/{train,test}/CLASS/*.jpg of many sizes, 24 and 6 of each class.
void put_pictures(const std::filesystem::path& folder);

/// A run on images/, of networks that see 3 (RGB) or 1 (grey) channels, and the folder of what it exported.
/// Empty where that failed.
std::filesystem::path export_from_pictures(const Scratch& folder, int channels = 3);
/// The same on images/ as it is there; `data_keys` are further lines of the configuration's section `data`.
std::filesystem::path export_from_images(const Scratch& folder, int channels = 3,
                                         const std::string& data_keys = "");

} // namespace tessera::tests
