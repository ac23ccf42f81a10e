#include "nas/class_results.h"

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/error.h"

namespace tessera::nas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using training::ConfusionMatrix;

const std::vector<std::string> names = {"cat", "dog", "cow, brown", "emu"};

/// Four of five cats, one of four dogs, no cow at all, both emus.
ConfusionMatrix counts() {
    ConfusionMatrix m(4);
    m.add(0, 0, 4);
    m.add(0, 3, 1);
    m.add(1, 1, 1);
    m.add(1, 0, 1);
    m.add(1, 2, 2);
    m.add(3, 3, 2);
    return m;
}

/// Class i has 10 images, of which i % 10 are recognised and the others taken for the next class.
ConfusionMatrix many(std::int64_t classes) {
    ConfusionMatrix m(classes);
    for (std::int64_t i = 0; i < classes; ++i) {
        m.add(i, i, i % 10);
        m.add(i, (i + 1) % classes, 10 - i % 10);
    }
    return m;
}

std::vector<std::string> numbered(std::int64_t classes) {
    std::vector<std::string> list;
    for (std::int64_t i = 0; i < classes; ++i) {
        list.push_back(fmt::format("c{}", i));
    }
    return list;
}

TEST(ClassResults, CountEachClass) {
    const auto found = class_results(counts(), names);
    EXPECT_THAT(found, ElementsAre(ClassResult{"cat", 5, 4, "emu 1"},
                                   ClassResult{"dog", 4, 1, "cow, brown 2, cat 1"},
                                   ClassResult{"cow, brown", 0, 0, ""}, ClassResult{"emu", 2, 2, ""}));
    EXPECT_DOUBLE_EQ(found[0].accuracy(), 0.8);
    EXPECT_TRUE(std::isnan(found[2].accuracy()));
}

TEST(ClassResults, TheTableBeginsWithTheWorst) {
    EXPECT_EQ(class_table(class_results(counts(), names)).text(),
              "class  images  correct  accuracy  mistaken for\n"
              "-----  ------  -------  --------  -------------------\n"
              "dog         4        1   25.00 %  cow, brown 2, cat 1\n"
              "cat         5        4   80.00 %  emu 1\n"
              "emu         2        2  100.00 %  -\n");
}

TEST(ClassResults, OfManyClassesOnlyTheWorstAreShown) {
    const auto all = class_results(many(40), numbered(40)), more = class_results(many(41), numbered(41));
    EXPECT_EQ(class_table(all).rows.size(), 40U);
    EXPECT_EQ(class_table(all).rest, 0U);
    EXPECT_EQ(class_table(more).rows.size(), 20U);
    EXPECT_EQ(class_table(more).rows.front(), (std::vector<std::string>{"c0", "10", "0", "0.00 %", "c1 10"}));
    EXPECT_EQ(class_table(more).rows[1][0], "c10") << "equal ones keep their order";
    EXPECT_THAT(class_table(more).text(), HasSubstr("(21 classes with a higher accuracy are left out)\n"));
}

TEST(ClassResults, AreShownWhereTheAccuracyAloneHidesSomething) {
    EXPECT_FALSE(worth_showing({}));
    EXPECT_TRUE(worth_showing(class_results(many(20), numbered(20))));
    EXPECT_FALSE(worth_showing(class_results(many(21), numbered(21))));
    auto uneven = class_results(many(21), numbered(21));
    uneven[3].images = 20;
    EXPECT_FALSE(worth_showing(uneven));
    uneven[3].images = 21;
    EXPECT_TRUE(worth_showing(uneven));
}

TEST(ClassResults, CsvReadsBack) {
    const auto found = class_results(counts(), names);
    EXPECT_EQ(class_csv(found).text(), "class,images,correct,accuracy,mistaken_for\n"
                                       "cat,5,4,0.8,emu 1\n"
                                       "dog,4,1,0.25,\"cow, brown 2, cat 1\"\n"
                                       "\"cow, brown\",0,0,,\n"
                                       "emu,2,2,1,\n");
    EXPECT_EQ(parse_class_csv(support::parse_csv(class_csv(found).text(), "x"), "x"), found);
    auto bad = class_csv(found);
    bad.rows[1][1] = "-4";
    EXPECT_THAT([&] { parse_class_csv(bad, "m/per_class.csv"); },
                ThrowsMessage<support::RunError>("m/per_class.csv: '-4' is no number of images"));
    bad.rows[1][1] = "four";
    EXPECT_THAT([&] { parse_class_csv(bad, "m/per_class.csv"); },
                ThrowsMessage<support::RunError>(HasSubstr("m/per_class.csv")));
    bad.header[1] = "pictures";
    EXPECT_THAT([&] { parse_class_csv(bad, "m/per_class.csv"); },
                ThrowsMessage<support::RunError>(HasSubstr("images")));
}

TEST(ClassResults, Json) {
    EXPECT_EQ(class_json(class_results(counts(), names)).dump(),
              R"([{"accuracy":0.8,"class":"cat","correct":4,"images":5},)"
              R"({"accuracy":0.25,"class":"dog","correct":1,"images":4},)"
              R"({"accuracy":null,"class":"cow, brown","correct":0,"images":0},)"
              R"({"accuracy":1.0,"class":"emu","correct":2,"images":2}])");
}

TEST(Confusions, TheWholeMatrixOfFewClasses) {
    EXPECT_EQ(confusion_text(counts(), names),
              "Confusion: a row for each class, a column for what its images were taken for\n"
              "class          1  2  3  4\n"
              "-------------  -  -  -  -\n"
              " 1 cat         4  -  -  1\n"
              " 2 dog         1  1  2  -\n"
              " 3 cow, brown  -  -  -  -\n"
              " 4 emu         -  -  -  2\n");
}

TEST(Confusions, OfManyClassesTheMostFrequentMistakes) {
    const std::string text = confusion_text(many(30), numbered(30));
    EXPECT_THAT(text, testing::StartsWith("Most frequent mistakes (20 of 30 kinds)\n"
                                          "class  taken for  images\n"
                                          "-----  ---------  ------\n"
                                          "c0     c1             10\n"
                                          "c10    c11            10\n"
                                          "c20    c21            10\n"
                                          "c1     c2              9\n"));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 23);
}

TEST(Confusions, CsvHoldsEveryPairThatOccurs) {
    EXPECT_EQ(confusion_csv(counts(), names).text(), "class,predicted,images\n"
                                                     "cat,cat,4\n"
                                                     "cat,emu,1\n"
                                                     "dog,cat,1\n"
                                                     "dog,dog,1\n"
                                                     "dog,\"cow, brown\",2\n"
                                                     "emu,emu,2\n");
    EXPECT_EQ(confusion_json(counts(), names).dump(),
              R"([{"class":"dog","images":2,"predicted":"cow, brown"},)"
              R"({"class":"cat","images":1,"predicted":"emu"},)"
              R"({"class":"dog","images":1,"predicted":"cat"}])");
}

} // namespace
} // namespace tessera::nas
