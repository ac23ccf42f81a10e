#include "nas/leftovers.h"

#include <gmock/gmock.h>

#include "tests/support/captured_stderr.h"
#include "tests/support/helpers.h"

namespace tessera::nas {
namespace {

namespace fs = std::filesystem;
using support::testing::get;
using support::testing::put;
using support::testing::stderr_in_file;
using support::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const std::string a = "00112233445566aa", b = "00112233445566bb", c = "00112233445566cc";

std::set<std::string> content(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_directory() || fs::is_empty(entry.path())) {
            names.insert(entry.path().lexically_relative(folder).string());
        }
    }
    return names;
}

class Leftovers : public ::testing::Test {
protected:
    void file(const std::string& name) const {
        fs::create_directories((folder / name).parent_path());
        put(folder / name, name);
    }
    const TemporaryFolder folder;
};

TEST_F(Leftovers, AreFoldersNamedLikeArchitecturesThatAreNotKept) {
    EXPECT_THAT(leftovers(folder / "none", {}), IsEmpty());
    for (const char* name :
         {"00112233445566AA", "00112233445566a", "00112233445566aaa", "notes", "earlier"}) {
        file(std::string(name) + "/weights.safetensors");
    }
    file("0011223344556600");
    file(a + "/weights.safetensors");
    file(b + "/weights.safetensors");
    fs::create_directory_symlink(folder / a, folder / c);
    EXPECT_THAT(leftovers(folder.path(), {b}), UnorderedElementsAre(a));
}

TEST_F(Leftovers, AreSetAsideWholeAndTakenBack) {
    file("models.csv");
    file(a + "/weights.safetensors");
    file(a + "/my notes.txt");
    file(b + "/weights.safetensors");
    set_aside(folder.path(), {b});
    EXPECT_THAT(content(folder.path()),
                UnorderedElementsAre("models.csv", "earlier/" + a + "/weights.safetensors",
                                     "earlier/" + a + "/my notes.txt", b + "/weights.safetensors"));
    take_back(folder.path(), {a});
    EXPECT_THAT(content(folder.path()),
                UnorderedElementsAre("models.csv", a + "/weights.safetensors", a + "/my notes.txt",
                                     b + "/weights.safetensors"));
    EXPECT_EQ(get(folder / a / "my notes.txt"), a + "/my notes.txt");
    EXPECT_FALSE(fs::exists(folder / "earlier"));
    take_back(folder / "none", {a});
    EXPECT_FALSE(fs::exists(folder / "none"));
}

TEST_F(Leftovers, WhatHasBeenMadeAnewIsNotReplaced) {
    file(a + "/weights.safetensors");
    file("earlier/" + a + "/weights.safetensors");
    file("earlier/mine");
    take_back(folder.path(), {a});
    EXPECT_EQ(get(folder / a / "weights.safetensors"), a + "/weights.safetensors");
    EXPECT_THAT(stderr_in_file([&] { set_aside(folder.path(), {}); }), HasSubstr("cannot be moved to"));
    EXPECT_THAT(content(folder.path()), UnorderedElementsAre(a + "/weights.safetensors", "earlier/mine",
                                                             "earlier/" + a + "/weights.safetensors"));
}

TEST_F(Leftovers, OnlyOwnFilesAreRemoved) {
    file("exports.csv");
    file(a + "/model.pt");
    file(a + "/architecture.yaml");
    file(b + "/model.pt");
    file(b + "/quantised.pt");
    file(c + "/model.pt");
    file("notes/model.pt");
    const std::string said = stderr_in_file([&] {
        remove_leftovers(folder.path(), {c}, {"model.pt", "architecture.yaml"});
    });
    EXPECT_THAT(content(folder.path()),
                UnorderedElementsAre("exports.csv", b + "/quantised.pt", c + "/model.pt", "notes/model.pt"));
    EXPECT_FALSE(fs::exists(folder / a));
    EXPECT_THAT(said, HasSubstr((folder / b / "quantised.pt").string() + ": left there"));
    remove_leftovers(folder / "none", {}, {"model.pt"});
}

} // namespace
} // namespace tessera::nas
