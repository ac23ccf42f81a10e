// Expected values were computed with an independent implementation in Python.
#include "support/hash.h"

#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

using testing::message_of;
using testing::TemporaryFolder;

TEST(Hash, KnownValues) {
    EXPECT_EQ(Hasher().hex(), "efd01f60ba992926");
    EXPECT_EQ(content_hash(""), "7bd3144f29c0cc9e");
    EXPECT_EQ(content_hash("a"), "527012aa73281cff");
    EXPECT_EQ(content_hash("foobar"), "2ccf828f62bd1fa5");
    EXPECT_EQ(Hasher().add("foobar").value(), 0x2ccf828f62bd1fa5ULL);
}

TEST(Hash, TakesBytesAboveOneTwentySevenAsUnsigned) {
    std::string bytes(256, '\0');
    std::iota(bytes.begin(), bytes.end(), '\0');
    EXPECT_EQ(content_hash(bytes), "a22ad58326f55cb7");
}

TEST(Hash, KeepsPartsApart) {
    EXPECT_EQ(Hasher().add("ab").add("c").hex(), "aeb71c5b3f97797e");
    EXPECT_EQ(Hasher().add("a").add("bc").hex(), "3e0d03531fc410b5");
    EXPECT_EQ(Hasher().add("abc").hex(), "bb5e68d09d07f6ae");
    EXPECT_NE(Hasher().add("").hex(), Hasher().hex());
}

TEST(Hash, OfAFileIsThatOfItsContent) {
    const TemporaryFolder folder;
    testing::put(folder / "small", "foobar");
    EXPECT_EQ(file_hash(folder / "small"), "2ccf828f62bd1fa5");
    const std::string large(3'000'001, 'x'); // several buffers
    testing::put(folder / "large", large);
    EXPECT_EQ(file_hash(folder / "large"), content_hash(large));
}

TEST(Hash, NamesTheFileThatCannotBeRead) {
    EXPECT_EQ(message_of<RunError>([] { file_hash("/nowhere/weights"); }),
              "cannot read /nowhere/weights: No such file or directory");
    EXPECT_EQ(message_of<RunError>([] { file_hash("/tmp"); }), "cannot read /tmp: Is a directory");
}

} // namespace
} // namespace tessera::support
