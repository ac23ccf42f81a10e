#include "support/config_schema.h"

#include <gtest/gtest.h>

namespace tessera::support {
namespace {

using Json = nlohmann::ordered_json;

Json schema() {
    return json_schema({{"name", "text", "run", "", "a name"},
                        {"teach", "section", "{}", "", "training"},
                        {"teach.epochs", "integer", "12", "0..100", "passes"},
                        {"teach.rate", "number", "0.1", "> 0 and <= 2", "step"},
                        {"teach.kind", "one of sgd|adam", "sgd", "", "which"},
                        {"teach.flip", "boolean", "true", "", "mirrored"},
                        {"blocks", "list of sections", "[]", "", "blocks"},
                        {"blocks[].stride", "integer", "required", ">= 1", "stride"},
                        {"blocks[].choices", "list of sections", "[]", "", "choices"}},
                       "title", {"blocks[].choices[]"});
}

TEST(ConfigSchema, NestsSectionsAndLists) {
    const Json s = schema();
    EXPECT_EQ(s.at("title"), "title");
    const Json& teach = s.at("properties").at("teach");
    EXPECT_EQ(teach.at("additionalProperties"), false);
    EXPECT_EQ(teach.at("description"), "training");
    EXPECT_EQ(teach.at("properties").at("epochs").at("type"), "integer");
    EXPECT_EQ(teach.at("properties").at("epochs").at("minimum"), 0);
    EXPECT_EQ(teach.at("properties").at("epochs").at("maximum"), 100);
    EXPECT_EQ(teach.at("properties").at("rate").at("exclusiveMinimum"), 0);
    EXPECT_EQ(teach.at("properties").at("rate").at("maximum"), 2);
    EXPECT_EQ(teach.at("properties").at("kind").at("enum"), (Json{"sgd", "adam"}));
    EXPECT_EQ(teach.at("properties").at("flip").at("type"), "boolean");
}

TEST(ConfigSchema, ListsHoldObjectsWithRequiredKeys) {
    const Json block = schema().at("properties").at("blocks").at("items");
    EXPECT_EQ(block.at("required"), Json{"stride"});
    EXPECT_EQ(block.at("properties").at("stride").at("minimum"), 1);
    EXPECT_FALSE(block.at("properties").at("stride").contains("maximum"));
}

TEST(ConfigSchema, OpenObjectsTakeAnyKey) {
    const Json block = schema().at("properties").at("blocks").at("items");
    EXPECT_FALSE(block.at("properties").at("choices").at("items").contains("additionalProperties"));
    EXPECT_EQ(block.at("additionalProperties"), false);
}

} // namespace
} // namespace tessera::support
