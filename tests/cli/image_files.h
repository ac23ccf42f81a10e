// Image folders for the program to work on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tessera::tests {

/// A PNG of width x height; its stripes and colour follow `label`, its noise `seed`.
void put_image(const std::filesystem::path& file, int width, int height, int label, std::uint32_t seed);

/// `folder`/CLASS/0.png ... of mixed sizes around `side`, `count` a class.
void put_classes(const std::filesystem::path& folder, const std::vector<std::string>& classes, int count,
                 int side);

} // namespace tessera::tests
