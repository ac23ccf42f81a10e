#include "training/confusion_matrix.h"

#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>

namespace tessera::training {
namespace {

using ::testing::ElementsAre;

TEST(ConfusionMatrix, ByHand) {
    ConfusionMatrix matrix(3);
    matrix.add(0, 0, 8);
    matrix.add(0, 2, 2);
    matrix.add(2, 2);
    matrix.add(2, 0);
    EXPECT_THAT(matrix.counts(), ElementsAre(8, 0, 2, 0, 0, 0, 1, 0, 1));
    EXPECT_EQ(matrix.images(), 12);
    EXPECT_EQ(matrix.images(0), 10);
    EXPECT_EQ(matrix.correct(0), 8);
    EXPECT_EQ(matrix.count(0, 2), 2);
    EXPECT_DOUBLE_EQ(matrix.accuracy(0), 0.8);
    EXPECT_TRUE(std::isnan(matrix.accuracy(1))); // no images
    EXPECT_DOUBLE_EQ(matrix.accuracy(2), 0.5);
    EXPECT_DOUBLE_EQ(matrix.accuracy(), 0.75);
    EXPECT_DOUBLE_EQ(matrix.balanced_accuracy(), 0.65);
}

TEST(ConfusionMatrix, OfNothing) {
    EXPECT_EQ(ConfusionMatrix().classes(), 0);
    EXPECT_TRUE(std::isnan(ConfusionMatrix().accuracy()));
    EXPECT_TRUE(std::isnan(ConfusionMatrix(2).balanced_accuracy()));
}

TEST(ConfusionMatrix, RefusesClassesThatItDoesNotHave) {
    ConfusionMatrix matrix(2);
    EXPECT_THROW(matrix.add(2, 0), std::out_of_range);
    EXPECT_THROW(matrix.add(0, -1), std::out_of_range);
    EXPECT_THROW(matrix.images(2), std::out_of_range);
}

} // namespace
} // namespace tessera::training
