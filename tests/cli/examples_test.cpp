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

// Consumers decode JPEGs at their full size; the program decodes those of more than four times the input's
// size at a half, a quarter or an eighth. Pillow also rounds to bytes between the two directions of scaling.
constexpr double resizing = 0.03;

/// A network of its own.
class Exported {
public:
    explicit Exported(int channels = 3) : model_(export_from_pictures(folder, channels)) {}

    std::string script() const { return (model_ / "model.pt").string(); }

    /// `consumer` is a command that takes model.pt and images; `data` holds class folders. The same classes
    /// as `evaluate` says, with nearly the same probabilities.
    void expect_agreement(const std::string& consumer, const std::string& data) const {
        const Ending ending =
            run({"evaluate", model_.string(), "--data", data, "--out", "o", "-q"}, folder.here());
        ASSERT_EQ(ending.status, 0) << ending.err;
        const auto predictions = support::read_csv(folder / "o/predictions.csv");
        std::string files;
        for (const auto& row : predictions.rows) {
            files += fmt::format(" '{}'", (folder / data / row[0]).string());
        }
        const auto found =
            guesses(output_of(folder, fmt::format("{} '{}'{}", consumer, script(), files)), folder / data);
        ASSERT_EQ(found.size(), predictions.rows.size());
        for (const auto& row : predictions.rows) {
            const Guess& guess = found.at(row[0]);
            EXPECT_EQ(guess.name, row[2]) << row[0];
            EXPECT_NEAR(guess.probability, support::parse_number(row[3], "probability"), resizing) << row[0];
        }
    }
    void expect_example(const std::string& consumer) const {
        EXPECT_THAT(output_of(folder, fmt::format("{} '{}'", consumer, script())),
                    StartsWith("example: the largest difference is "));
    }

    const Scratch folder;

private:
    fs::path model_;
};

TEST(Examples, TheOneInCppBuildsAndAgrees) {
    const Exported coloured, grey(1);
    const std::string build = (coloured.folder / "build").string();
    output_of(coloured.folder,
              fmt::format("cmake -S '{}/examples' -B '{}' -DCMAKE_BUILD_TYPE=Release "
                          "-DCMAKE_PREFIX_PATH='{}' -DCMAKE_CXX_COMPILER='{}' && cmake --build '{}'",
                          TESSERA_SOURCE_DIR, build, TESSERA_LIBTORCH, TESSERA_CXX, build));
    const std::string classify = "'" + build + "/classify'";
    for (const Exported* network : {&coloured, &grey}) {
        network->expect_example(classify);
        network->expect_agreement(classify, "images/test");
    }
    EXPECT_THAT(output_of(coloured.folder, fmt::format("{} '{}' none.jpg", classify, coloured.script()), 1),
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

TEST(Examples, TheReadmesWorksAsItStands) {
    const std::string python = python_with_torch();
    if (python.empty()) {
        GTEST_SKIP() << no_torch;
    }
    const std::string readme = content_of(std::string(TESSERA_SOURCE_DIR) + "/README.md"),
                      fence = "```python\n";
    const auto begin = readme.find(fence), end = readme.find("```\n", begin + fence.size());
    ASSERT_NE(end, std::string::npos);
    const Exported network;
    put(network.folder / "readme.py", readme.substr(begin + fence.size(), end - begin - fence.size()));
    fs::copy_file(network.script(), network.folder / "model.pt");
    const std::string name = output_of(
        network.folder, fmt::format("cd '{}' && {} readme.py", network.folder.path().string(), python));
    EXPECT_NE(std::find(picture_classes.begin(), picture_classes.end(), name.substr(0, name.size() - 1)),
              picture_classes.end())
        << name;
}

TEST(Examples, TheOneInPythonAgrees) {
    const std::string python = python_with_torch();
    if (python.empty()) {
        GTEST_SKIP() << no_torch;
    }
    const std::string classify = fmt::format("{} '{}/examples/classify.py'", python, TESSERA_SOURCE_DIR);
    const Exported coloured, grey(1);
    coloured.expect_example(classify);
    grey.expect_example(classify);
    EXPECT_THAT(output_of(coloured.folder, classify + " --help"), StartsWith("Classifies images with"));
    EXPECT_THAT(output_of(coloured.folder, fmt::format("{} '{}'", classify,
                                                       fs::path(coloured.script()).parent_path().string())),
                StartsWith("example: the largest difference is "))
        << "the folder will do";
    const std::string text = (coloured.folder / "text.pt").string();
    put(text, "no network");
    for (const std::string& file : {text, std::string("none.pt")}) {
        EXPECT_EQ(output_of(coloured.folder, fmt::format("{} '{}'", classify, file), 1),
                  file + ": no network that Tessera exported\n");
    }
    if (!works(python + " -c 'import PIL'")) {
        GTEST_SKIP() << python << " has no Pillow; apt-get install python3-pil brings it";
    }
    const std::string broken =
        output_of(coloured.folder, fmt::format("{} '{}' '{}'", classify, coloured.script(), text), 1);
    EXPECT_THAT(broken, StartsWith(text + ": no image that can be read: "));
    EXPECT_EQ(line_count(broken), 1U) << broken;
    coloured.expect_agreement(classify, "images/test");
    grey.expect_agreement(classify, "images/test");
    // Turned, and transparent.
    for (int label = 0; label < 4; ++label) {
        const fs::path odd = coloured.folder / "odd" / picture_classes[static_cast<std::size_t>(label)];
        put_picture(odd / "3.jpg", label, 3, 19, 11, 3);
        put_picture(odd / "6.jpg", label, 6, 19, 11, 6);
        put_transparent_picture(odd / "t.png", label, 14, 17);
    }
    coloured.expect_agreement(classify, "odd");
}

} // namespace
} // namespace tessera::tests
