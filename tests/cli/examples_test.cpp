// The consumers of examples/: they build, they answer as the network does, and their own reading of images
// leads to the same classes as the program's.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/csv.h"
#include "tests/cli/pictures.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Guess {
    std::string name;
    double probability = 0;
};

/// What a shell command prints; a failure where its status is another.
std::string output_of(const Scratch& folder, const std::string& command, int status = 0) {
    const std::string out = (folder / ".out").string();
    const int found = std::system(fmt::format("( {} ) > '{}' 2>&1", command, out).c_str());
    EXPECT_EQ(WEXITSTATUS(found), status) << command << "\n" << content_of(out);
    return content_of(out);
}

bool works(const std::string& command) { return std::system((command + " > /dev/null 2>&1").c_str()) == 0; }

/// Lines "FILE<tab>NAME PROBABILITY<tab>..." by the file's path below `root`: the first guess.
std::map<std::string, Guess> guesses(const std::string& text, const fs::path& root) {
    std::map<std::string, Guess> result;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto tab = line.find('\t'), end = std::min(line.find('\t', tab + 1), line.size());
        if (tab == std::string::npos) {
            ADD_FAILURE() << "no guess: " << line;
            continue;
        }
        const std::string guess = line.substr(tab + 1, end - tab - 1);
        const auto space = guess.rfind(' ');
        result[fs::path(line.substr(0, tab)).lexically_relative(root).string()] = {
            guess.substr(0, space), support::parse_number(guess.substr(space + 1), line)};
    }
    return result;
}

class Examples : public ::testing::Test {
protected:
    void SetUp() override {
        model = export_from_pictures(folder);
        ASSERT_FALSE(model.empty());
        const Ending ending =
            run({"evaluate", model.string(), "--data", "images", "--out", "o", "-q"}, folder.here());
        ASSERT_EQ(ending.status, 0) << ending.err;
        for (const auto& row : support::read_csv(folder / "o/predictions.csv").rows) {
            program[row[0]] = {row[2], support::parse_number(row[3], "probability")};
            files += fmt::format(" '{}'", (folder / "images/test" / row[0]).string());
        }
    }
    std::string script() const { return (model / "model.pt").string(); }

    /// `consumer` is a command that takes model.pt and images. `closeness`: of probabilities.
    void expect_agreement(const std::string& consumer, double closeness) const {
        const std::string text = output_of(folder, fmt::format("{} '{}'{}", consumer, script(), files));
        const auto found = guesses(text, folder / "images/test");
        ASSERT_EQ(found.size(), 24U) << text;
        for (const auto& [file, guess] : found) {
            EXPECT_EQ(guess.name, program.at(file).name) << file;
            EXPECT_NEAR(guess.probability, program.at(file).probability, closeness) << file;
        }
    }
    void expect_example(const std::string& consumer) const {
        EXPECT_THAT(output_of(folder, fmt::format("{} '{}'", consumer, script())),
                    StartsWith("example: the largest difference is "));
    }

    const Scratch folder;
    fs::path model;
    std::map<std::string, Guess> program; ///< by file: what `evaluate` says
    std::string files;                    ///< of all test images, for a shell
};

// Consumers decode JPEGs at their full size; the program decodes those of more than four times the input's
// size at a half, a quarter or an eighth. Pillow also rounds to bytes between the two directions of scaling.
constexpr double resizing = 0.03;

TEST_F(Examples, TheOneInCppBuildsAndAgrees) {
    const std::string build = (folder / "build").string();
    output_of(folder, fmt::format("cmake -S '{}/examples' -B '{}' -DCMAKE_BUILD_TYPE=Release "
                                  "-DCMAKE_PREFIX_PATH='{}' -DCMAKE_CXX_COMPILER='{}' && cmake --build '{}'",
                                  TESSERA_SOURCE_DIR, build, TESSERA_LIBTORCH, TESSERA_CXX, build));
    const std::string classify = "'" + build + "/classify'";
    expect_example(classify);
    expect_agreement(classify, resizing);
    EXPECT_THAT(output_of(folder, fmt::format("{} '{}' none.jpg", classify, script()), 1),
                HasSubstr("cannot open none.jpg"));
}

/// A Python with torch; empty where there is none.
std::string python_with_torch() {
    for (const char* candidate : {"python3", "/usr/bin/python3"}) {
        if (works(std::string(candidate) + " -c 'import torch'")) {
            return candidate;
        }
    }
    return "";
}

constexpr const char* no_torch = "no python3 here has torch; apt-get install python3-torch brings one";

TEST_F(Examples, TheReadmesWorksAsItStands) {
    const std::string python = python_with_torch();
    if (python.empty()) {
        GTEST_SKIP() << no_torch;
    }
    const std::string readme = content_of(std::string(TESSERA_SOURCE_DIR) + "/README.md"),
                      fence = "```python\n";
    const auto begin = readme.find(fence), end = readme.find("```\n", begin + fence.size());
    ASSERT_NE(end, std::string::npos);
    put(folder / "readme.py", readme.substr(begin + fence.size(), end - begin - fence.size()));
    fs::copy_file(model / "model.pt", folder / "model.pt");
    const std::string name =
        output_of(folder, fmt::format("cd '{}' && {} readme.py", folder.path().string(), python));
    EXPECT_NE(std::find(picture_classes.begin(), picture_classes.end(), name.substr(0, name.size() - 1)),
              picture_classes.end())
        << name;
}

TEST_F(Examples, TheOneInPythonAgrees) {
    const std::string python = python_with_torch();
    if (python.empty()) {
        GTEST_SKIP() << no_torch;
    }
    const std::string classify = fmt::format("{} '{}/examples/classify.py'", python, TESSERA_SOURCE_DIR);
    expect_example(classify);
    if (!works(python + " -c 'import PIL'")) {
        GTEST_SKIP() << python << " has no Pillow; apt-get install python3-pil brings it";
    }
    expect_agreement(classify, resizing);
}

} // namespace
} // namespace tessera::tests
