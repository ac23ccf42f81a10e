#include "nas/preprocessing_file.h"

#include <gmock/gmock.h>

#include "support/error.h"

namespace tessera::nas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;
using training::Preprocessing;

Preprocessing coloured() {
    Preprocessing p;
    p.channels = 3;
    p.height = 224;
    p.width = 192;
    p.resize = 256;
    p.channel_order = "RGB";
    p.max_pixels = 250'000'000;
    p.mean = {0.485, 0.456, 0.4};
    p.deviation = {0.25, 0.5, 1};
    p.classes = {"blue-bird", "\"c\\at\"", "Übung 3"};
    return p;
}

constexpr const char* coloured_json = R"({
  "schema": "tessera-preprocessing-1",
  "channels": 3,
  "height": 224,
  "width": 192,
  "channel_order": "RGB",
  "max_pixels": 250000000,
  "resize_shorter_side": 256,
  "interpolation": "triangle",
  "antialias": true,
  "crop": "centre",
  "range": [
    0.0,
    1.0
  ],
  "mean": [
    0.485,
    0.456,
    0.4
  ],
  "std": [
    0.25,
    0.5,
    1.0
  ],
  "layout": "NCHW",
  "dtype": "float32",
  "classes": [
    "blue-bird",
    "\"c\\at\"",
    "Übung 3"
  ]
}
)";

TEST(PreprocessingFile, SaysEverythingInOneObject) {
    EXPECT_EQ(preprocessing_json(coloured()), coloured_json);
}

TEST(PreprocessingFile, ReadsBackWhatItWrote) {
    const Preprocessing p = parse_preprocessing(coloured_json, "a.json");
    EXPECT_EQ(p.channels, 3);
    EXPECT_EQ(p.height, 224);
    EXPECT_EQ(p.width, 192);
    EXPECT_EQ(p.resize, 256);
    EXPECT_EQ(p.max_pixels, 250'000'000);
    EXPECT_EQ(p.channel_order, "RGB");
    EXPECT_EQ(p.mean, coloured().mean);
    EXPECT_EQ(p.deviation, coloured().deviation);
    EXPECT_EQ(p.classes, coloured().classes);
    Preprocessing grey = coloured();
    grey.channels = 1;
    grey.channel_order = "grey";
    grey.mean = {0.1307};
    grey.deviation = {1e-05};
    EXPECT_EQ(preprocessing_json(parse_preprocessing(preprocessing_json(grey), "")),
              preprocessing_json(grey));
}

TEST(PreprocessingFile, SaysThatOutputsAreDepths) {
    Preprocessing p = coloured();
    p.classes = {"depth"};
    p.depths = true;
    const std::string text = preprocessing_json(p);
    EXPECT_THAT(text, HasSubstr("\"output\": \"depth of each pixel, N x 1 x height x width\""));
    EXPECT_TRUE(parse_preprocessing(text, "a.json").depths);
    EXPECT_FALSE(parse_preprocessing(coloured_json, "a.json").depths);
    std::string other = text;
    other.replace(other.find("depth of each"), 13, "depth of some");
    EXPECT_THAT([&] { parse_preprocessing(other, "a.json"); },
                ThrowsMessage<support::RunError>(HasSubstr("'output' is")));
}

TEST(PreprocessingFile, OfAnEarlierVersionSaysNothingOfTheLargestImage) {
    std::string text = coloured_json;
    const std::string line = "  \"max_pixels\": 250000000,\n";
    text.erase(text.find(line), line.size());
    EXPECT_EQ(parse_preprocessing(text, "a.json").max_pixels, training::default_max_pixels);
}

TEST(PreprocessingFile, TheImageJustCoversTheResizeInProportionToTheCrop) {
    const ScaledSize wide = scaled_size(coloured());
    EXPECT_EQ(wide.height, 299); // 224 * 256 / 192 = 298.7
    EXPECT_EQ(wide.width, 256);
}

TEST(PreprocessingFile, RefusesClassNamesThatJsonCannotHold) {
    Preprocessing p = coloured();
    p.classes[1] = "caf\xe9";
    EXPECT_THAT([&] { preprocessing_json(p); }, ThrowsMessage<support::RunError>(HasSubstr("is not UTF-8")));
}

void expect_refused(const std::string& from, const std::string& to, const std::string& why) {
    std::string text = coloured_json;
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    EXPECT_THAT([&] { parse_preprocessing(text, "x/model.pt, preprocessing.json"); },
                ThrowsMessage<support::RunError>(
                    AllOf(StartsWith("x/model.pt, preprocessing.json: "), HasSubstr(why))))
        << to;
}

TEST(PreprocessingFile, RefusesWhatItDoesNotKnow) {
    expect_refused("{", "[", "not a JSON object");
    expect_refused("  ]\n}\n", "", "not a JSON object");
    expect_refused("\"layout\"", "\"laid out\"", "'layout' is missing");
    expect_refused("processing-1", "processing-2", "this version knows \"tessera-preprocessing-1\"");
    expect_refused("triangle", "bicubic", "'interpolation' is \"bicubic\"; this version knows \"triangle\"");
    expect_refused("true", "false", "'antialias' is false");
    expect_refused("\"centre\"", "[]", "'crop' is []");
    expect_refused("0.0,", "-1.0,", "'range' is [-1.0,1.0]; this version knows [0.0,1.0]");
    expect_refused("NCHW", "NHWC", "'layout'");
    expect_refused("float32", "float16", "'dtype'");
    expect_refused("RGB", "BGR", "'channel_order' is \"BGR\"; this version knows \"RGB\"");
}

TEST(PreprocessingFile, RefusesSizesThatCannotBe) {
    expect_refused("\"channels\": 3", "\"channels\": 2", "'channels' is 2; expected 1 (grey) or 3 (RGB)");
    expect_refused("\"height\": 224", "\"height\": 0", "'height' is 0; expected 1 to 16384");
    expect_refused("\"height\": 224", "\"height\": 2.5", "'height' is 2.5");
    expect_refused("\"width\": 192", "\"width\": 18446744073709551615", "'width' is 18446744073709551615");
    expect_refused("\"width\": 192", "\"width\": \"192\"", "'width'");
    expect_refused("side\": 256", "side\": 191",
                   "'resize_shorter_side' is 191, less than the crop of 224x192");
    expect_refused("250000000", "0", "'max_pixels' is 0; expected 1 to 4000000000");
    expect_refused("250000000", "4000000001", "'max_pixels' is 4000000001");
    expect_refused("250000000", "\"all\"", "'max_pixels' is \"all\"");
    expect_refused("0.485,", "", "'mean' is [0.456,0.4]; expected 3 numbers");
    expect_refused("0.485", "null", "'mean'");
    expect_refused("0.485", "1e999", "not a JSON object");
    expect_refused("0.25", "0", "'std' holds 0");
    expect_refused("0.25", "-1", "'std' holds -1");
}

TEST(PreprocessingFile, RefusesClassesThatCannotBeToldApart) {
    expect_refused("\"blue-bird\"", "\"Übung 3\"", "twice");
    expect_refused("\"blue-bird\"", "\"\"", "'classes' holds \"\"; expected a name");
    expect_refused("\"blue-bird\"", "7", "'classes' holds 7");
    std::string names = "\"classes\": [";
    const auto at = std::string(coloured_json).find(names);
    const std::string head = std::string(coloured_json).substr(0, at);
    EXPECT_THAT([&] { parse_preprocessing(head + names + "]}", "x"); },
                ThrowsMessage<support::RunError>("x: 'classes' is no list of names"));
}

} // namespace
} // namespace tessera::nas
