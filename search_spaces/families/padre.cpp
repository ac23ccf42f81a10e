// padre: transformer layers with polynomial attention (PADRe, arXiv 2407.11306).
#include "search_spaces/layers/padre.h"

#include <algorithm>

#include <fmt/format.h>

#include "search_spaces/layers/token_map.h"
#include "search_spaces/layers/transformer_block.h"

namespace tessera::search_spaces {
namespace {

class PadreFamily final : public TransformerFamily {
public:
    std::string_view name() const override { return "padre"; }
    const std::vector<Parameter>& parameters() const override {
        using enum Parameter::Kind;
        static const std::vector<Parameter> all = [] {
            std::vector<Parameter> list = transformer_parameters(/*heads=*/false);
            list.push_back({.name = "degree", .kind = integer, .default_value = "2", .low = 1, .high = 3});
            list.push_back({.name = "kernel",
                            .kind = integer,
                            .default_value = "11",
                            .low = 3,
                            .high = 11,
                            .odd = true});
            return list;
        }();
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        const Shape tokens = site.output();
        const int kernel = choice.integer("kernel");
        if (const std::int64_t side =
                tokens.height > 1 ? std::min(tokens.height, tokens.width) : tokens.width;
            kernel > side) {
            return fmt::format("kernel {} is larger than the grid of {} x {} tokens", kernel, tokens.height,
                               tokens.width);
        }
        return refuse_tokens(site);
    }

private:
    std::shared_ptr<TokenMixerImpl> mixer(const Choice& choice, const Site& site) const override {
        return Padre(PadreOptions(site.out_channels, grid_of(site.output()))
                         .degree(choice.integer("degree"))
                         .kernel(choice.integer("kernel")))
            .ptr();
    }
    void count(const Choice& choice, CostMeter& meter) const override {
        count_padre(meter, choice.integer("degree"), choice.integer("kernel"));
    }
};

} // namespace

const Family& padre_family() {
    static const PadreFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
