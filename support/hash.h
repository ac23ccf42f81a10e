// Content hashes: 64-bit FNV-1a with a final avalanche, the same on every machine. Not cryptographic.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tessera::support {

class Hasher {
public:
    /// Appends the bytes and their count, so that ("ab","c") and ("a","bc") differ.
    Hasher& add(std::string_view bytes);
    std::uint64_t value() const;
    /// 16 lower-case hexadecimal digits.
    std::string hex() const;

private:
    std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

std::string content_hash(std::string_view bytes);
/// Throws RunError when the file cannot be read.
std::string file_hash(const std::filesystem::path& file);

} // namespace tessera::support
