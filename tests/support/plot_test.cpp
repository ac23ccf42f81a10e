#include "support/plot.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/plot_axis.h"

namespace tessera::support {
namespace {

using plot::Axis;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

std::vector<std::string> labels(const Axis& axis, int wanted = 6) {
    std::vector<std::string> texts;
    for (const Axis::Tick& tick : axis.ticks(wanted)) {
        texts.push_back(tick.label);
    }
    return texts;
}

TEST(PlotAxis, HasRoundTicks) {
    EXPECT_THAT(labels({0, 1, false}), ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
    EXPECT_THAT(labels({-3, 29, false}), ElementsAre("0", "10", "20"));
    EXPECT_THAT(labels({-0.3, 0.3, false}), ElementsAre("-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"));
    EXPECT_THAT(labels({1e7, 3e7, false}), ElementsAre("1e+07", "1.5e+07", "2e+07", "2.5e+07", "3e+07"));
    EXPECT_THAT(labels({0.0012, 0.0019, false}), ElementsAre("0.0012", "0.0014", "0.0016", "0.0018"));
}

TEST(PlotAxis, HasDecadesWhereLogarithmic) {
    EXPECT_THAT(labels({-1, 3, true}), ElementsAre("0.1", "1", "10", "100", "1000"));
    EXPECT_THAT(labels({0, 1.2, true}), ElementsAre("1", "2", "5", "10"));
    EXPECT_THAT(labels({0, 12, true}), ElementsAre("1", "100", "10000", "1e+06", "1e+08", "1e+10", "1e+12"));
    EXPECT_THAT(labels({1, 1.5, true}), ElementsAre("10", "15", "20", "25", "30"));
}

TEST(PlotAxis, LeavesRoomAroundTheValues) {
    const Axis axis = Axis::around({2, 12, std::nan(""), HUGE_VAL}, false);
    EXPECT_DOUBLE_EQ(axis.low, 1.6);
    EXPECT_DOUBLE_EQ(axis.high, 12.4);
    EXPECT_DOUBLE_EQ(Axis::around({5}, false).share(5), 0.5);
    EXPECT_DOUBLE_EQ(Axis::around({0}, false).share(0), 0.5);
    EXPECT_DOUBLE_EQ(Axis::around({100, -1, 0}, true).share(100), 0.5);
}

Plot example() {
    Plot plot;
    plot.title = "a < b & \"c\"";
    plot.x_label = "latency";
    plot.y_label = "accuracy";
    plot.series = {{"points", Series::Style::points, {{1, 2}, {3, 4}}, {"<one>", ""}, {}},
                   {"both", Series::Style::line_and_points, {{1, 1}, {2, 5}, {3, 2}}, {}, {0.5, 0, 1}}};
    return plot;
}

TEST(PlotSvg, HasEverythingAndIsEscaped) {
    const std::string svg = example().svg();
    EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 720 480\""));
    EXPECT_THAT(svg, HasSubstr("fill=\"#fff\"/>"));
    EXPECT_EQ(count(svg, "a &lt; b &amp; &quot;c&quot;"), 2U); // title and heading
    EXPECT_THAT(svg, HasSubstr("<title>&lt;one&gt;</title>"));
    EXPECT_THAT(svg, HasSubstr(">latency</text>"));
    EXPECT_THAT(svg, HasSubstr(">accuracy</text>"));
    EXPECT_THAT(svg, HasSubstr(">both</text>"));
    EXPECT_EQ(count(svg, "<circle"), 3U);   // two points and the legend
    EXPECT_EQ(count(svg, "M-4-4H4V4"), 4U); // squares: three points and the legend
    EXPECT_EQ(svg.find("<script"), std::string::npos);
}

TEST(PlotSvg, DrawsErrorBarsAndLines) {
    const std::string svg = example().svg();
    EXPECT_EQ(count(svg, "stroke=\"#d55e00\" fill=\"none\"/>"), 2U);    // a bar of zero is none
    EXPECT_EQ(count(svg, "stroke=\"#d55e00\" stroke-width=\"2\""), 2U); // the line and the legend
}

TEST(PlotSvg, LeavesOutWhatCannotBeShown) {
    Plot plot;
    plot.log_x = true;
    const double huge = std::numeric_limits<double>::max();
    plot.series = {{"x",
                    Series::Style::line_and_points,
                    {{1, 1}, {std::nan(""), 2}, {0, 2}, {-1, 2}, {10, HUGE_VAL}, {10, huge}, {10, 3}},
                    {},
                    {}}};
    const std::string svg = plot.svg();
    EXPECT_EQ(count(svg, "<circle"), 3U);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(PlotSvg, DrawsFramesWithoutData) {
    EXPECT_THAT(Plot{}.svg(), HasSubstr("</svg>"));
    Plot plot;
    plot.series = {{"", Series::Style::points, {{3, 3}}, {}, {}}};
    const std::string svg = plot.svg();
    EXPECT_EQ(count(svg, "<circle"), 1U);
    plot.series = {{"empty", Series::Style::steps, {}, {}, {}}};
    plot.width = plot.height = -5;
    EXPECT_THAT(plot.svg(), HasSubstr(">empty</text>"));
}

TEST(PlotSvg, StepsGoAcrossThenUp) {
    Plot plot;
    plot.series = {{"front", Series::Style::steps, {{0, 0}, {1, 1}}, {"first", ""}, {}}};
    const std::string svg = plot.svg();
    const auto path = svg.find("H", svg.find("<path d=\"M", svg.rfind("<g>")));
    ASSERT_NE(path, std::string::npos);
    EXPECT_NE(svg.find('V', path), std::string::npos);
    EXPECT_THAT(svg, HasSubstr("fill-opacity=\"0\"><title>first</title>"));
}

TEST(PlotSvg, ManySeriesHaveDifferentLooks) {
    Plot plot;
    for (int i = 0; i < 8; ++i) {
        plot.series.push_back({"s" + std::to_string(i), Series::Style::line, {{0, i}, {1, i}}, {}, {}});
    }
    EXPECT_EQ(count(plot.svg(), "stroke-dasharray"), 2U); // the eighth has the first one's colour
}

} // namespace
} // namespace tessera::support
