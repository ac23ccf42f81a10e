#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/error.h"
#include "support/seed.h"
#include "tests/training/scratch.h"
#include "training/safetensors.h"

namespace tessera::training {
namespace {

using ::testing::HasSubstr;

std::string file_of(const std::string& header, const std::string& data) {
    std::string result(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) {
        result[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
    }
    return result + header + data;
}

class Safetensors : public ::testing::Test {
protected:
    std::filesystem::path write(const std::string& bytes) {
        std::filesystem::remove(file_); // cutting an old file short costs some file systems milliseconds
        std::ofstream(file_, std::ios::binary) << bytes;
        return file_;
    }
    std::string bytes() const {
        std::ostringstream text;
        text << std::ifstream(file_, std::ios::binary).rdbuf();
        return text.str();
    }
    std::string refusal(const std::string& content) {
        try {
            read_safetensors(write(content));
        } catch (const support::RunError& error) { return error.what(); }
        return "accepted";
    }
    /// The refusal of a file with one tensor "w" described like this, followed by 16 bytes of data.
    std::string refusal_of(const std::string& description) {
        return refusal(file_of("{\"w\":" + description + "}", std::string(16, '\0')));
    }

    tests::Scratch scratch_;
    std::filesystem::path file_ = scratch_.path() / "file.safetensors";
};

TEST_F(Safetensors, TheBytesAreTheFormats) {
    write_safetensors(file_, {{"b", torch::tensor({1.0F, 2.0F})}, {"a", torch::tensor({7}, torch::kUInt8)}},
                      {{"k", "v"}});
    const std::string header =
        R"({"__metadata__":{"k":"v"},"a":{"data_offsets":[8,9],"dtype":"U8","shape":[1]},)"
        R"("b":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}})";
    const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
    EXPECT_EQ(bytes(), file_of(padded, std::string("\0\0\x80\x3f\0\0\0\x40\x07", 9)));
}

TEST_F(Safetensors, EveryTypeComesBack) {
    TensorMap tensors;
    for (const auto type :
         {torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kInt64, torch::kInt32,
          torch::kInt16, torch::kInt8, torch::kUInt8, torch::kBool}) {
        tensors[c10::toString(type)] = torch::tensor({0, 1, 1}).to(type);
    }
    tensors["scalar"] = torch::tensor(2.5);
    tensors["none"] = torch::empty({0, 3});
    tensors["channels last"] = torch::randn({2, 3, 4, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
    write_safetensors(file_, tensors, {{"text", "with \"quotes\" and \n lines"}});
    const SafetensorsFile back = read_safetensors(file_);
    ASSERT_EQ(back.tensors.size(), tensors.size());
    for (const auto& [name, tensor] : tensors) {
        EXPECT_EQ(back.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
        EXPECT_TRUE(torch::equal(back.tensors.at(name), tensor)) << name;
    }
    EXPECT_EQ(back.metadata.at("text"), "with \"quotes\" and \n lines");
}

TEST_F(Safetensors, AnEmptyFileOfNoTensorsIsValid) {
    write_safetensors(file_, {});
    EXPECT_TRUE(read_safetensors(file_).tensors.empty());
}

TEST_F(Safetensors, TheTextsAreReadWithoutTheTensors) {
    write_safetensors(file_, {{"b", torch::ones({100, 100})}}, {{"k", "v"}, {"n", "1"}});
    EXPECT_EQ(read_safetensors_metadata(file_), (Metadata{{"k", "v"}, {"n", "1"}}));
    write_safetensors(file_, {{"b", torch::ones({2})}});
    EXPECT_TRUE(read_safetensors_metadata(file_).empty());
    // What the header promises has to be there.
    const std::string whole = bytes();
    write(whole.substr(0, whole.size() - 1));
    EXPECT_THROW(read_safetensors_metadata(file_), support::RunError);
    write(whole + "x");
    EXPECT_THROW(read_safetensors_metadata(file_), support::RunError);
    write(file_of(R"({"__metadata__":{"k":1}})", ""));
    EXPECT_THROW(read_safetensors_metadata(file_), support::RunError);
    EXPECT_THROW(read_safetensors_metadata(scratch_.path() / "absent"), support::RunError);
}

TEST_F(Safetensors, WhatCannotBeStoredIsRefusedAndNothingIsLeft) {
    EXPECT_THROW(write_safetensors(file_, {{"c", torch::zeros({1}, torch::kComplexFloat)}}),
                 support::RunError);
    EXPECT_THROW(write_safetensors(file_, {{"__metadata__", torch::zeros({1})}}), support::RunError);
    EXPECT_THROW(write_safetensors(file_, {{"\xff", torch::zeros({1})}}), support::RunError);
    EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(Safetensors, FilesThatAreNone) {
    EXPECT_THAT(refusal(""),
                HasSubstr("file.safetensors: not a valid safetensors file: it is shorter than 8 bytes"));
    EXPECT_THAT(refusal(std::string(8, '\xff')), HasSubstr("header's length is over 100 MB"));
    EXPECT_THAT(refusal(std::string("\x09\0\0\0\0\0\0\0{}", 10)),
                HasSubstr("header is longer than the file"));
    EXPECT_THAT(refusal(file_of("{", "")), HasSubstr("header is not JSON"));
    EXPECT_THAT(refusal(file_of("[]", "")), HasSubstr("header is not a JSON object"));
    EXPECT_THAT(refusal(file_of(std::string(1000, '['), "")), HasSubstr("nested too deeply"));
    EXPECT_THAT(refusal(file_of("{\"__metadata__\":{\"a\":1}}", "")),
                HasSubstr("__metadata__ is not a map of texts"));
    EXPECT_THAT(refusal(file_of("{}", "x")), HasSubstr("1 bytes follow the last tensor"));
    EXPECT_THROW(read_safetensors(scratch_.path() / "absent"), support::RunError);
    EXPECT_THROW(read_safetensors(scratch_.path()), support::RunError);
}

TEST_F(Safetensors, TensorsThatAreNone) {
    EXPECT_EQ(refusal_of(R"({"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})"), "accepted");
    EXPECT_THAT(refusal_of("7"), HasSubstr("tensor 'w': expected dtype, shape and data_offsets"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[4]})"),
                HasSubstr("expected dtype, shape and data_offsets"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F8_E5M2","shape":[16],"data_offsets":[0,16]})"),
                HasSubstr("'F8_E5M2' is not one of"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})"), HasSubstr("not a size"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[4.0],"data_offsets":[0,16]})"),
                HasSubstr("not a size"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[4],"data_offsets":[0]})"),
                HasSubstr("not a pair of positions"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[3],"data_offsets":[0,16]})"),
                HasSubstr("it has 16 bytes, its shape and dtype ask for 12"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[5],"data_offsets":[0,20]})"),
                HasSubstr("outside the file's 16 bytes"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[4],"data_offsets":[16,0]})"), HasSubstr("outside"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[3],"data_offsets":[4,16]})"),
                HasSubstr("begin at 4 instead of 0"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]})"),
                HasSubstr("too large"));
    EXPECT_THAT(refusal_of(R"({"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]})"),
                HasSubstr("too large"));
    EXPECT_THAT(
        refusal_of(R"({"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,16],"data_offsets":[0,16]})"),
        HasSubstr("at most 16"));
}

TEST_F(Safetensors, OverlapsDuplicatesAndOddBooleansAreRefused) {
    EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                                R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                                "1234")),
                HasSubstr("tensor 'b': its bytes begin at 2 instead of 3"));
    const std::string a = R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
    EXPECT_THAT(refusal(file_of("{" + a + "," + a + "}", "12")), HasSubstr("'a' appears twice"));
    EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", "\x01\x02")),
                HasSubstr("neither 0 nor 1"));
}

TEST_F(Safetensors, MutatedFilesLoadOrAreRefused) {
    torch::manual_seed(1);
    write_safetensors(file_,
                      {{"stem.weight", torch::randn({4, 3, 3, 3})},
                       {"stem.count", torch::tensor(3)},
                       {"mask", torch::tensor({true, false})},
                       {"half", torch::randn({5}).to(torch::kFloat16)}},
                      {{"schema", "1"}});
    const std::string valid = bytes();
    support::Rng rng(7);
    int loaded = 0;
    for (int round = 0; round < 6000; ++round) {
        std::string mutant = valid;
        for (std::uint64_t n = 1 + rng.below(4); n > 0; --n) {
            // Mostly the header, where it hurts; a mutation overwrites, deletes or repeats bytes.
            const std::size_t at =
                rng.below(rng.below(4) == 0 ? mutant.size() : std::min<std::size_t>(mutant.size(), 400));
            switch (rng.below(4)) {
            case 0:
                mutant[at] = static_cast<char>(rng.below(256));
                break;
            case 1:
                mutant[at] = "0123456789[]{}\",:-eE"[rng.below(20)];
                break;
            case 2:
                mutant.erase(at, 1 + rng.below(9));
                break;
            default:
                mutant.insert(at, mutant.substr(at, 1 + rng.below(9)));
                break;
            }
            if (mutant.empty()) {
                mutant = "x";
            }
        }
        try {
            read_safetensors(write(mutant));
            ++loaded;
        } catch (const support::RunError&) {}
    }
    EXPECT_GT(loaded, 0); // mutations of the data alone
    EXPECT_LT(loaded, 3000);
}

} // namespace
} // namespace tessera::training
