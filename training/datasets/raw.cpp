#include "training/datasets/raw.h"

#include <system_error>

#include <fmt/format.h>

#include "support/error.h"
#include "support/files.h"

namespace tessera::training {

std::string read_exactly(const std::filesystem::path& file, std::uint64_t expected, const std::string& what) {
    std::error_code error;
    const auto found = std::filesystem::file_size(file, error);
    if (error) {
        throw support::RunError(fmt::format("{}: {}", file.string(), error.message()));
    }
    if (found != expected) {
        throw support::RunError(fmt::format("{}: expected {} bytes ({}), found {}: the file is {}",
                                            file.string(), expected, what, found,
                                            found < expected ? "truncated" : "not of this kind"));
    }
    return support::read_file(file, expected);
}

std::vector<std::string> numbered_classes(std::int64_t count) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < count; ++i) {
        names.push_back(std::to_string(i));
    }
    return names;
}

} // namespace tessera::training
