// envelope: a cell of parallel branches, of which a network construction keeps those that carry signal
// (EnvelopeNets, Kamath et al., arXiv 1803.06744).
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/envelope_cell.h"

namespace tessera::search_spaces {
namespace {

struct EnvelopeOptions {
    EnvelopeOptions(Choice choice, Site site) : choice_(std::move(choice)), site_(site) {}
    TORCH_ARG(Choice, choice);
    TORCH_ARG(Site, site);
};

/// The block's channels dealt over the branches; the first ones get one more where they do not share evenly.
EnvelopeCellOptions cell_of(const Choice& choice, const Site& site) {
    const std::vector<std::string> words = subset_words(choice.text_of("branches"));
    const auto count = static_cast<std::int64_t>(words.size());
    std::vector<EnvelopeBranch> branches;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::string& word = words[static_cast<std::size_t>(i)];
        branches.push_back({word.front() - '0', word.ends_with("sep"),
                            site.out_channels / count + (i < site.out_channels % count ? 1 : 0)});
    }
    const auto sequential = static_cast<double>(site.input.channels - site.skip_channels);
    const std::int64_t shared = std::max<std::int64_t>(1, std::llround(sequential * choice.number("width")));
    return EnvelopeCellOptions(site.input.channels, shared, std::move(branches))
        .dropout(choice.number("dropout"));
}

struct EnvelopeImpl final : CloneableBlock<EnvelopeImpl> {
    explicit EnvelopeImpl(const EnvelopeOptions& options_)
        : options(options_),
          cell(register_module("cell", EnvelopeCell(cell_of(options.choice(), options.site())))) {}
    torch::Tensor forward(const torch::Tensor& x) override { return cell->forward(x); }

    EnvelopeOptions options;
    EnvelopeCell cell;
};

class EnvelopeFamily final : public Family {
public:
    std::string_view name() const override { return "envelope"; }
    const std::vector<Parameter>& parameters() const override {
        using enum Parameter::Kind;
        static const std::vector<Parameter> all{
            {.name = "branches",
             .kind = subset,
             .default_value = "1x1+3x3+3x3sep+5x5+5x5sep+7x7sep",
             .words = {"1x1", "3x3", "3x3sep", "5x5", "5x5sep", "7x7sep"},
             .aliases = {{"all", "1x1+3x3+3x3sep+5x5+5x5sep+7x7sep"}}},
            {.name = "width", .kind = number, .default_value = "1", .low = 0.05, .high = 4},
            {.name = "dropout", .kind = number, .default_value = "0", .low = 0, .high = 0.9},
        };
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        if (site.stride != 1) {
            return fmt::format(
                "a cell keeps the map's size and the block has stride {}: a widener before it halves",
                site.stride);
        }
        const auto branches = subset_words(choice.text_of("branches")).size();
        if (site.out_channels < static_cast<std::int64_t>(branches)) {
            return fmt::format("{} branches have no {} channels to share", branches, site.out_channels);
        }
        return refuse_class_token(site.input);
    }
    Costs costs(const Choice& choice, const Site& site) const override {
        const EnvelopeCellOptions cell = cell_of(choice, site);
        CostMeter meter(site.input);
        meter.convolution(cell.bottleneck(), 1, 1, 1, /*bias=*/true, /*norm=*/false);
        const Shape shared = meter.shape(), out = site.output();
        std::int64_t done = 0;
        for (const EnvelopeBranch& branch : cell.branches()) {
            if (branch.separable) {
                meter.side_convolution(shared, shared.channels, branch.kernel, 1, shared.channels, false);
                meter.hold(shared.elements());
                meter.side_convolution(shared, branch.filters, 1, 1, 1, false);
                meter.release(shared.elements());
            } else {
                meter.side_convolution(shared, branch.filters, branch.kernel, 1, 1, false);
            }
            done += shared.strided(branch.filters, 1).elements();
            meter.hold(shared.strided(branch.filters, 1).elements());
        }
        meter.parameters(out.channels); // BatchNorm's shifts
        if (cell.branches().size() > 1) {
            meter.work(0, out.elements()); // the branches side by side
        }
        meter.release(done);
        meter.become(out);
        return meter.costs();
    }
    std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const override {
        return std::make_shared<EnvelopeImpl>(EnvelopeOptions(choice, site));
    }
};

} // namespace

const Family& envelope_family() {
    static const EnvelopeFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
