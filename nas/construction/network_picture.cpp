#include "nas/construction/network_picture.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "nas/construction/envelope_costs.h"
#include "support/plot_marks.h"

namespace tessera::nas::construction {
namespace {

using support::plot::escape;

// Pixels.
constexpr double margin = 24, panel_width = 640, names_width = 64, tile_width = 76, tile_height = 24,
                 tile_gap = 6, row_height = 34, panel_header = 30, panel_gap = 12, box_height = 30,
                 head_height = 92, arcs_width = 190, legend_height = 64;
constexpr double tiles_left = margin + names_width, panel_right = margin + panel_width,
                 picture_width = panel_right + arcs_width + margin;

/// Okabe and Ito's colours: one hue a kernel size, the separable one lighter, with what is readable on it.
struct TileColour {
    std::string_view fill, text;
};
constexpr std::array<TileColour, all_operators.size()> tile_colours = {{{"#cc79a7", "#1b1b1b"},
                                                                        {"#0072b2", "#ffffff"},
                                                                        {"#56b4e9", "#1b1b1b"},
                                                                        {"#c24e00", "#ffffff"},
                                                                        {"#e69f00", "#1b1b1b"},
                                                                        {"#00805e", "#ffffff"}}};

/// A page that is dark says so; who does not know the question sees the light one.
constexpr std::string_view style =
    "<style>"
    ".en-page{fill:#ffffff}.en-text{fill:#222222}.en-soft{fill:#5f6368}.en-panel{fill:#f5f6f8;stroke:#d5d8dd}"
    ".en-box{fill:#e6e9ee;stroke:#bcc1c9}.en-gone{fill:none;stroke:#c3c8cf;stroke-dasharray:3 3}"
    ".en-near{fill:none;stroke:#5a6b85}.en-far{fill:none;stroke:#a0458a}"
    ".en-near-end{fill:#5a6b85}.en-far-end{fill:#a0458a}"
    "@media (prefers-color-scheme:dark){"
    ".en-page{fill:#16181c}.en-text{fill:#e8eaed}.en-soft{fill:#a3a9b2}.en-panel{fill:#1f2227;stroke:#3a3f47}"
    ".en-box{fill:#2b3038;stroke:#4c535e}.en-gone{stroke:#454b55}"
    ".en-near{stroke:#9db2d3}.en-far{stroke:#dd8fcb}.en-near-end{fill:#9db2d3}.en-far-end{fill:#dd8fcb}}"
    "</style>\n";

/// Groups of three digits.
std::string grouped(std::int64_t value) {
    std::string text = fmt::format("{}", value);
    for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3) {
        text.insert(static_cast<std::size_t>(place), " ");
    }
    return text;
}

class NetworkDrawing {
public:
    NetworkDrawing(const EnvelopeNetwork& network, const PictureOptions& options)
        : network_(network), options_(options), sizes_(layout(network, options.map)),
          stages_(stage_cells(network)), names_(entry_names(network)) {
        place();
    }

    std::string svg() {
        out_ = fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
            "height=\"{1:.0f}\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\">\n",
            picture_width, height_);
        const std::string title = options_.title.empty() ? "Constructed network" : escape(options_.title);
        put("<title>{}</title>\n{}<rect class=\"en-page\" width=\"{:.0f}\" height=\"{:.0f}\"/>\n", title,
            style, picture_width, height_);
        text(margin, 36, "en-text", title, " font-size=\"19\" font-weight=\"bold\"");
        text(margin, 57, "en-soft", totals());
        column_names();
        box(middle_.front(), fmt::format("{0}×{0} convolution", network_.initial_kernel), 0);
        for (std::size_t s = 0; s < stages_.size(); ++s) {
            panel(s);
        }
        for (int number = 1; number <= static_cast<int>(network_.entries.size()); ++number) {
            if (const Cell* const cell = network_.cell(number)) {
                row(*cell, number);
            } else {
                box(y(number), "widener: max-pool beside 3×3 convolution, stride 2", number);
            }
        }
        box(bottom_, escape(options_.head), -1);
        arcs();
        legend();
        return std::move(out_) + "</svg>\n";
    }

private:
    template <class... Args>
    void put(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }

    void text(double x, double baseline, std::string_view style_class, std::string_view content,
              std::string_view more = "") {
        put("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", style_class, x, baseline, more,
            content);
    }

    double y(int number) const { return middle_[static_cast<std::size_t>(number)]; }
    const EntryLayout& size(int number) const { return sizes_[static_cast<std::size_t>(number)]; }

    /// The middles of all rows, from above.
    void place() {
        double top = head_height;
        const auto add_box = [&] {
            middle_.push_back(top + box_height / 2);
            top += box_height + panel_gap;
        };
        add_box();
        for (std::size_t s = 0; s < stages_.size(); ++s) {
            if (s > 0) {
                add_box();
            }
            panels_.push_back(top);
            top += panel_header;
            for (std::size_t c = 0; c < stages_[s].size(); ++c, top += row_height) {
                middle_.push_back(top + row_height / 2);
            }
            top += 4 + panel_gap;
        }
        bottom_ = top + box_height / 2;
        legend_top_ = top + box_height + panel_gap;
        height_ = legend_top_ + legend_height;
    }

    std::string totals() const {
        std::string counts;
        int all = 0;
        for (const int branches : stage_branches(network_)) {
            counts += fmt::format("{}{}", counts.empty() ? "" : " + ", branches);
            all += branches;
        }
        return fmt::format("{} {} · {} parameters · {} MACs a {} × {} image",
                           stages_.size() > 1 ? counts : fmt::format("{}", all),
                           all == 1 ? "branch" : "branches", grouped(options_.costs.parameters),
                           grouped(options_.costs.macs), options_.image.height, options_.image.width);
    }

    static double tile_left(Operator branch) {
        return tiles_left + static_cast<double>(branch) * (tile_width + tile_gap);
    }

    void column_names() {
        for (const Operator branch : all_operators) {
            text(tile_left(branch) + tile_width / 2, head_height - 8, "en-soft", operator_name(branch),
                 " text-anchor=\"middle\" font-size=\"12\"");
        }
        text(panel_right - 12, head_height - 8, "en-soft", "channels",
             " text-anchor=\"end\" font-size=\"12\"");
    }

    /// A step between the stages, as wide as a panel. `number`: of the entry, -1 for the head.
    void box(double middle, const std::string& what, int number) {
        put("<rect class=\"en-box\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
            "rx=\"6\"/>\n",
            margin, middle - box_height / 2, panel_width, box_height);
        if (number > 0) {
            text(margin + 14, middle + 4.5, "en-text", names_[static_cast<std::size_t>(number) - 1],
                 " font-weight=\"bold\"");
        }
        text(tiles_left, middle + 4.5, "en-text", what);
        if (number >= 0) {
            channels(middle, number);
        }
    }

    void channels(double middle, int number) {
        text(panel_right - 12, middle + 4.5, "en-soft", fmt::format("{}", size(number).output.channels),
             " text-anchor=\"end\"");
    }

    void panel(std::size_t stage) {
        const EntryLayout& last = size(stages_[stage].back());
        const double top = panels_[stage];
        put("<rect class=\"en-panel\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
            "rx=\"8\"/>\n",
            margin, top, panel_width,
            panel_header + row_height * static_cast<double>(stages_[stage].size()) + 4);
        text(margin + 14, top + 20, "en-text", fmt::format("Stage {}", stage), " font-weight=\"bold\"");
        const EntryLayout& first = size(stages_[stage].front());
        const std::string inner =
            first.width != last.width ? fmt::format(" (inner layers {})", first.width) : "";
        text(panel_right - 12, top + 20, "en-soft",
             fmt::format("{} wide{} · map {} × {}", last.width, inner, last.output.height, last.output.width),
             " text-anchor=\"end\"");
    }

    void row(const Cell& cell, int number) {
        const double top = y(number) - tile_height / 2;
        text(margin + 14, y(number) + 4.5, "en-soft", names_[static_cast<std::size_t>(number) - 1]);
        const auto wide = size(number).width / static_cast<std::int64_t>(cell.branches.size());
        for (const Operator branch : all_operators) {
            const bool there =
                std::find(cell.branches.begin(), cell.branches.end(), branch) != cell.branches.end();
            const TileColour& colour = tile_colours[static_cast<std::size_t>(branch)];
            put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"5\" ",
                tile_left(branch), top, tile_width, tile_height);
            if (!there) {
                put("class=\"en-gone\"/>\n");
                continue;
            }
            put("fill=\"{}\"><title>{} {}: {} filters</title></rect>\n", colour.fill,
                names_[static_cast<std::size_t>(number) - 1], operator_name(branch), wide);
            put("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\" text-anchor=\"middle\" font-size=\"12\" "
                "pointer-events=\"none\">{}</text>\n",
                tile_left(branch) + tile_width / 2, y(number) + 4.2, colour.text, operator_name(branch));
        }
        channels(y(number), number);
    }

    /// The longer on the outside. They leave a source a little below its middle and arrive a little above.
    void arcs() {
        std::vector<std::pair<int, int>> skips; // target, source
        for (int number = 1; number <= static_cast<int>(network_.entries.size()); ++number) {
            const Cell* const cell = network_.cell(number);
            for (const int source : cell ? cell->skips : std::vector<int>{}) {
                skips.emplace_back(number, source);
            }
        }
        std::stable_sort(skips.begin(), skips.end(), [](const auto& a, const auto& b) {
            return a.first - a.second > b.first - b.second;
        });
        const double longest = y(static_cast<int>(network_.entries.size())) - y(0);
        put("<g stroke-width=\"1.3\" stroke-opacity=\"0.75\">\n");
        for (const auto& [target, source] : skips) {
            const double from = y(source) + 4, to = y(target) - 4, left = panel_right + 5;
            const double reach =
                left + 16 + (arcs_width * 4 / 3 - 40) * std::pow((to - from) / longest, 0.75);
            const bool near = size(source).stage == size(target).stage;
            put("<path class=\"{0}\" d=\"M{1:.1f} {2:.1f}C{3:.1f} {2:.1f} {3:.1f} {4:.1f} {5:.1f} {4:.1f}\">"
                "<title>{6} to {7}</title></path>\n",
                near ? "en-near" : "en-far", left, from, reach, to, left + 6,
                names_[static_cast<std::size_t>(source) - 1], names_[static_cast<std::size_t>(target) - 1]);
            arc_ends(left, from, to, near);
        }
        put("</g>\n");
    }

    void arc_ends(double left, double from, double to, bool near) {
        const std::string_view end = near ? "en-near-end" : "en-far-end";
        put("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.2\" stroke=\"none\"/>\n", end, left,
            from);
        put("<path class=\"{}\" stroke=\"none\" d=\"M{:.1f} {:.1f}l7.5-3.4v6.8z\"/>\n", end, left, to);
    }

    void legend() {
        const double first = legend_top_ + 12, second = first + 26;
        const TileColour& colour = tile_colours[static_cast<std::size_t>(Operator::conv3)];
        put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"34\" height=\"16\" rx=\"4\" fill=\"{}\"/>\n",
            margin + 14, first - 8, colour.fill);
        text(margin + 58, first + 4.5, "en-text", "branch (sep: depthwise, then pointwise)");
        put("<rect class=\"en-gone\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"34\" height=\"16\" rx=\"4\"/>\n",
            margin + 14, second - 8);
        text(margin + 58, second + 4.5, "en-text", "a branch that the cell does not have");
        const double right = margin + 370;
        for (const bool near : {true, false}) {
            const double middle = near ? first : second;
            put("<path class=\"{}\" stroke-width=\"1.5\" d=\"M{:.1f} {:.1f}h32\"/>\n",
                near ? "en-near" : "en-far", right, middle);
            put("<circle class=\"{0}\" cx=\"{1:.1f}\" cy=\"{2:.1f}\" r=\"2.4\"/>\n"
                "<path class=\"{0}\" d=\"M{3:.1f} {2:.1f}l-7.5-3.4v6.8z\"/>\n",
                near ? "en-near-end" : "en-far-end", right, middle, right + 38);
            text(right + 48, middle + 4.5, "en-text",
                 near ? "skip within its stage" : "skip from an earlier stage, max-pooled to size");
        }
    }

    const EnvelopeNetwork& network_;
    const PictureOptions& options_;
    std::vector<EntryLayout> sizes_;
    std::vector<std::vector<int>> stages_;
    std::vector<std::string> names_;
    std::vector<double> middle_, panels_; ///< of each entry's row; the top of each stage's frame
    double bottom_ = 0, legend_top_ = 0, height_ = 0;
    std::string out_;
};

} // namespace

std::string network_picture(const EnvelopeNetwork& network, const PictureOptions& options) {
    return NetworkDrawing(network, options).svg();
}

} // namespace tessera::nas::construction
