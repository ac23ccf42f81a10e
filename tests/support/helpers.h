// Shared by the tests of support/.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "support/error.h"

namespace tessera::support::testing {

/// The message of the error that `body` throws; a failure where it throws none of that type.
template <class Thrown = UsageError>
std::string message_of(const std::function<void()>& body) {
    try {
        body();
    } catch (const Thrown& error) { return error.what(); } catch (const std::exception& error) {
        ADD_FAILURE() << "another type of error: " << error.what();
        return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
}

/// A fresh folder that is removed with all it holds.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "tessera-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = name;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    std::size_t entries() const {
        const std::filesystem::directory_iterator files(path_);
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }

private:
    std::filesystem::path path_;
};

inline void put(const std::filesystem::path& file, std::string_view content) {
    std::ofstream(file, std::ios::binary) << content;
}

inline std::string get(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace tessera::support::testing
