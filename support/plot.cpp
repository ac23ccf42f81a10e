#include "support/plot.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "support/plot_axis.h"
#include "support/plot_marks.h"

namespace tessera::support {
namespace {

using plot::Axis;
using plot::colours;
using plot::escape;
using plot::length;
using plot::marker;

class Drawing {
public:
    explicit Drawing(const Plot& plot) : plot_(plot) {
        std::vector<double> xs, ys;
        for (const Series& series : plot.series) {
            for (std::size_t i = 0; i < series.points.size(); ++i) {
                if (!visible(series.points[i])) {
                    continue;
                }
                xs.push_back(series.points[i].first);
                ys.push_back(series.points[i].second - bar(series, i));
                ys.push_back(series.points[i].second + bar(series, i));
            }
        }
        x_ = Axis::around(xs, plot.log_x);
        y_ = Axis::around(ys, false);
        y_.low = plot.y_from_zero ? 0 : y_.low;
        lay_out();
    }

    std::string svg() {
        out_ = fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
            "height=\"{1}\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n",
            width_, height_);
        if (!plot_.title.empty()) {
            put("<title>{}</title>\n", escape(plot_.title));
        }
        put("<rect width=\"{}\" height=\"{}\" fill=\"#fff\"/>\n", width_, height_);
        frame();
        for (std::size_t i = 0; i < plot_.series.size(); ++i) {
            draw(plot_.series[i], i);
        }
        legend();
        return std::move(out_) + "</svg>\n";
    }

private:
    template <class... Args>
    void put(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }

    /// Finite, with room for margins and differences.
    static bool drawable(double value) { return std::abs(value) < 1e300; }

    bool visible(const std::pair<double, double>& point) const {
        return drawable(point.first) && drawable(point.second) && (!plot_.log_x || point.first > 0);
    }

    static double bar(const Series& series, std::size_t i) {
        const double half = i < series.error.size() ? series.error[i] : 0.0;
        return drawable(half) ? std::abs(half) : 0.0;
    }

    /// Margins: on the left as wide as the longest label, below as high as the legend needs.
    void lay_out() {
        width_ = std::max(plot_.width, 240);
        height_ = std::max(plot_.height, 180);
        std::size_t longest = 1;
        for (const auto& tick : y_.ticks(6)) {
            longest = std::max(longest, length(tick.label));
        }
        left_ = 22 + 7.5 * static_cast<double>(longest) + (plot_.y_label.empty() ? 0 : 20);
        right_ = width_ - 20;
        top_ = plot_.title.empty() ? 18 : 42;
        bottom_ = height_ - 30 - (plot_.x_label.empty() ? 0 : 20);
        place_legend();
        bottom_ = std::max(bottom_, top_ + 40);
    }

    /// Legend entries from left to right below the plot, in as many rows as they need.
    void place_legend() {
        double x = left_;
        int row = 0;
        for (const Series& series : plot_.series) {
            const double wide = 42 + 7.2 * static_cast<double>(length(series.name));
            if (x > left_ && x + wide > right_) {
                x = left_;
                ++row;
            }
            entries_.push_back({x, 20.0 * row});
            x += wide;
        }
        if (!names()) {
            return;
        }
        bottom_ -= 20.0 * (row + 1) + 2;
        legend_top_ = height_ - 20.0 * (row + 1) + 6;
    }

    bool names() const {
        return std::any_of(plot_.series.begin(), plot_.series.end(),
                           [](const Series& s) { return !s.name.empty(); });
    }

    double x(double value) const { return left_ + x_.share(value) * (right_ - left_); }
    double y(double value) const { return bottom_ - y_.share(value) * (bottom_ - top_); }

    void frame() {
        put("<g stroke=\"#e3e3e3\">\n");
        const int across = std::clamp(static_cast<int>((right_ - left_) / 90), 2, 10);
        for (const auto& tick : x_.ticks(across)) {
            put("<path d=\"M{0:.2f} {1:.2f}V{2:.2f}\"/>\n", x(tick.value), top_, bottom_);
        }
        for (const auto& tick : y_.ticks(6)) {
            put("<path d=\"M{0:.2f} {1:.2f}H{2:.2f}\"/>\n", left_, y(tick.value), right_);
        }
        put("</g>\n<path d=\"M{0:.2f} {1:.2f}V{2:.2f}H{3:.2f}\" fill=\"none\" stroke=\"#555\"/>\n", left_,
            top_, bottom_, right_);
        put("<g text-anchor=\"middle\">\n");
        for (const auto& tick : x_.ticks(across)) {
            put("<text x=\"{:.2f}\" y=\"{:.2f}\">{}</text>\n", x(tick.value), bottom_ + 18, tick.label);
        }
        const double middle = (left_ + right_) / 2;
        if (!plot_.x_label.empty()) {
            put("<text x=\"{:.2f}\" y=\"{:.2f}\">{}</text>\n", middle, bottom_ + 39, escape(plot_.x_label));
        }
        if (!plot_.y_label.empty()) {
            put("<text transform=\"translate(17 {:.2f}) rotate(-90)\">{}</text>\n", (top_ + bottom_) / 2,
                escape(plot_.y_label));
        }
        if (!plot_.title.empty()) {
            put("<text x=\"{:.2f}\" y=\"25\" font-size=\"16\" font-weight=\"bold\">{}</text>\n", middle,
                escape(plot_.title));
        }
        put("</g>\n<g text-anchor=\"end\">\n");
        for (const auto& tick : y_.ticks(6)) {
            put("<text x=\"{:.2f}\" y=\"{:.2f}\">{}</text>\n", left_ - 7, y(tick.value) + 4.5, tick.label);
        }
        put("</g>\n");
    }

    void draw(const Series& series, std::size_t index) {
        const std::string_view colour = colours[index % colours.size()];
        put("<g>\n");
        if (series.style != Series::Style::points) {
            line(series, colour, index);
        }
        for (std::size_t i = 0; i < series.points.size(); ++i) {
            if (!visible(series.points[i])) {
                continue;
            }
            const double px = x(series.points[i].first), py = y(series.points[i].second);
            if (const double half = bar(series, i); half > 0) {
                put("<path d=\"M{0:.2f} {1:.2f}V{2:.2f}M{3:.2f} {1:.2f}H{4:.2f}M{3:.2f} {2:.2f}H{4:.2f}\" "
                    "stroke=\"{5}\" fill=\"none\"/>\n",
                    px, y(series.points[i].second - half), y(series.points[i].second + half), px - 4, px + 4,
                    colour);
            }
            if (series.style == Series::Style::line || series.style == Series::Style::steps) {
                if (!has_label(series, i)) {
                    continue;
                }
                // Nothing to see, but something to point at.
                put("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"6\" fill-opacity=\"0\">{}</circle>\n", px, py,
                    title(series, i));
            } else {
                out_ += marker(index, px, py, colour, title(series, i));
            }
        }
        put("</g>\n");
    }

    static bool has_label(const Series& series, std::size_t i) {
        return i < series.labels.size() && !series.labels[i].empty();
    }

    static std::string title(const Series& series, std::size_t i) {
        return has_label(series, i) ? fmt::format("<title>{}</title>", escape(series.labels[i])) : "";
    }

    /// One path; a point that cannot be shown leaves a gap.
    void line(const Series& series, std::string_view colour, std::size_t index) {
        std::string path;
        bool gap = true;
        for (const auto& point : series.points) {
            if (!visible(point)) {
                gap = true;
                continue;
            }
            const double px = x(point.first), py = y(point.second);
            if (gap) {
                path += fmt::format("M{:.2f} {:.2f}", px, py);
            } else if (series.style == Series::Style::steps) {
                path += fmt::format("H{:.2f}V{:.2f}", px, py);
            } else {
                path += fmt::format("L{:.2f} {:.2f}", px, py);
            }
            gap = false;
        }
        if (path.empty()) {
            return;
        }
        put("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\"{}/>\n",
            path, colour, dashes(index));
    }

    /// Lines have no markers to tell them apart once the colours come round again.
    static std::string_view dashes(std::size_t index) {
        return index >= colours.size() ? " stroke-dasharray=\"6 3\"" : "";
    }

    void legend() {
        if (!names()) {
            return;
        }
        for (std::size_t i = 0; i < plot_.series.size(); ++i) {
            const Series& series = plot_.series[i];
            if (series.name.empty()) {
                continue;
            }
            const double left = entries_[i].first, middle = legend_top_ + entries_[i].second;
            const std::string_view colour = colours[i % colours.size()];
            if (series.style != Series::Style::points) {
                put("<path d=\"M{:.2f} {:.2f}h24\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", left, middle,
                    colour, dashes(i));
            }
            if (series.style == Series::Style::points || series.style == Series::Style::line_and_points) {
                out_ += marker(i, left + 12, middle, colour, "");
            }
            put("<text x=\"{:.2f}\" y=\"{:.2f}\">{}</text>\n", left + 30, middle + 4.5, escape(series.name));
        }
    }

    const Plot& plot_;
    Axis x_, y_;
    int width_ = 0, height_ = 0;
    double left_ = 0, right_ = 0, top_ = 0, bottom_ = 0, legend_top_ = 0;
    std::vector<std::pair<double, double>> entries_; ///< of the legend: x, and y below its top
    std::string out_;
};

} // namespace

std::string Plot::svg() const { return Drawing(*this).svg(); }

} // namespace tessera::support
