#include "support/utf8.h"

#include <gtest/gtest.h>

namespace tessera::support {
namespace {

TEST(Utf8, IsToldFromWhatIsNot) {
    for (const std::string_view text : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                        "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF", "\xEF\xBB\xBF"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
    }
    for (const std::string_view text :
         {"\xE9", "caf\xE9 au lait", "\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
          "\xE2\x82", "\xE2\x28\xA1", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
          "\xF0\x9F\x98"}) {
        EXPECT_FALSE(is_utf8(text));
    }
}

} // namespace
} // namespace tessera::support
