#include "search_spaces/layers/token_selective_pair.h"

#include <algorithm>

namespace tessera::search_spaces {

TokenSelectivePairImpl::TokenSelectivePairImpl(const TokenSelectiveOptions& options_) : options(options_) {
    const auto layer = [&] {
        return TransformerLayer(options.mixer()(), options.channels(), options.hidden());
    };
    first = register_module("first", layer());
    second = register_module("second", layer());
    if (!options.plain()) {
        const std::int64_t maps = options.by_head() ? scoring(first).heads() : 1;
        selector = register_module("selector", TokenSelector(TokenSelectorOptions(maps, options.width())));
    }
}

ScoringMixer& TokenSelectivePairImpl::scoring(TransformerLayer& layer) {
    auto* scoring = dynamic_cast<ScoringMixer*>(layer->mixer.get());
    TORCH_CHECK(scoring != nullptr, "token selection needs a mixer that can give scores");
    return *scoring;
}

torch::Tensor TokenSelectivePairImpl::read_by_selector(const torch::Tensor& scores,
                                                       const torch::Tensor& probabilities) const {
    const torch::Tensor& map = options.raw_scores() ? scores : probabilities;
    return options.by_head() ? map : map.mean(1, /*keepdim=*/true);
}

torch::Tensor TokenSelectivePairImpl::forward(const torch::Tensor& tokens) {
    if (options.plain()) {
        return second->forward(first->forward(tokens));
    }
    if (is_training()) {
        return train_forward(tokens);
    }
    const Standard after = standard(tokens);
    return select(after.tokens, after.importance);
}

torch::Tensor TokenSelectivePairImpl::train_forward(const torch::Tensor& tokens) {
    ScoringMixer& mixer = scoring(first);
    const Heads heads = mixer.split(first->norm1->forward(tokens));
    const torch::Tensor scores = mixer.scores(heads.queries, heads.keys);
    const torch::Tensor probabilities = mixer.probabilities(scores);
    const torch::Tensor mixed = mixer.output(at::matmul(probabilities, heads.values));
    const torch::Tensor between = first->feed_forward(tokens + mixed);

    const torch::Tensor logarithms =
        selector->log_probabilities(read_by_selector(scores.detach(), probabilities.detach()));
    const torch::Tensor truth = true_maps(between);
    loss_ = selector_loss(options.by_head() ? truth : truth.mean(1, /*keepdim=*/true), logarithms);
    if (progress_ < selector_share) {
        return second->forward(between);
    }
    return select(between, importance_of(logarithms.detach().exp()));
}

TokenSelectivePairImpl::Standard TokenSelectivePairImpl::standard(const torch::Tensor& tokens) {
    ScoringMixer& mixer = scoring(first);
    const Heads views = mixer.split(first->norm1->forward(tokens));
    // Copied once, or every piece's products would do it.
    const Heads heads{views.queries.contiguous(), views.keys.contiguous(), views.values.contiguous()};
    const std::int64_t length = tokens.size(1), step = rows_at_once(mixer.heads(), length);
    std::vector<torch::Tensor> mixed;
    torch::Tensor importance;
    for (std::int64_t row = 0; row < length; row += step) {
        const torch::Tensor scores = mixer.scores(heads.queries.slice(2, row, row + step), heads.keys);
        const torch::Tensor probabilities = mixer.probabilities(scores);
        mixed.push_back(at::matmul(probabilities, heads.values));
        const torch::Tensor share =
            importance_of(selector->probabilities(read_by_selector(scores, probabilities)));
        importance = importance.defined() ? importance + share : share;
    }
    const torch::Tensor whole = mixed.size() == 1 ? mixed.front() : torch::cat(mixed, 2);
    return {first->feed_forward(tokens + mixer.output(whole)), importance};
}

torch::Tensor TokenSelectivePairImpl::true_maps(const torch::Tensor& tokens) {
    const torch::NoGradGuard frozen;
    ScoringMixer& mixer = scoring(second);
    const Heads heads = mixer.split(second->norm1->forward(tokens));
    return mixer.probabilities(mixer.scores(heads.queries, heads.keys));
}

torch::Tensor TokenSelectivePairImpl::select(const torch::Tensor& tokens, const torch::Tensor& importance) {
    const std::int64_t prefix = options.grid().prefix;
    if (options.keep() + prefix == 0) {
        return tokens;
    }
    const torch::Tensor places =
        kept_tokens(importance, options.keep(), prefix).unsqueeze(2).expand({-1, -1, tokens.size(2)});
    return tokens.scatter(1, places, second->forward(tokens.gather(1, places)));
}

std::int64_t rows_at_once(std::int64_t heads, std::int64_t length) {
    // A megabyte stays in the cache; with fewer rows matrix products are slow.
    constexpr std::int64_t elements = 1 << 18, least = 32;
    return std::min(length, std::max(least, elements / std::max<std::int64_t>(1, heads * length)));
}

void count_token_selective_pair(CostMeter& meter, const TokenSelectiveOptions& options, std::int64_t heads,
                                const std::function<void(CostMeter&)>& mixer) {
    if (options.plain()) {
        count_transformer_layer(meter, options.hidden(), mixer);
        count_transformer_layer(meter, options.hidden(), mixer);
        return;
    }
    const Shape all = meter.shape();
    const std::int64_t length = all.positions(), channels = all.channels, rows = rows_at_once(heads, length);
    const std::int64_t maps = options.by_head() ? heads : 1;
    // A standard layer that shows its scores, which fused attention does not: they and the probabilities of
    // some rows exist beside projections and mixed values.
    count_mixing(meter, [&](CostMeter& inner) {
        inner.dense(3 * channels, true);
        const std::int64_t scores = multiply({2, heads, rows, length});
        inner.work(multiply({2, length, length, channels}), all.elements() + scores);
        const std::int64_t hidden_maps = multiply({2, options.width() + maps, rows, length});
        inner.work(multiply({2, maps, options.width(), length, length}),
                   all.elements() + scores + hidden_maps);
        inner.parameters(2 * maps * options.width() + maps + options.width());
        inner.become(all);
        inner.dense(channels, true);
    });
    count_feed_forward(meter, options.hidden());

    const std::int64_t prefix = options.grid().prefix;
    if (options.keep() + prefix == 0) {
        return;
    }
    meter.hold(all.elements()); // the others wait
    meter.become({channels, 1, options.keep(), prefix});
    count_transformer_layer(meter, options.hidden(), mixer);
    meter.release(all.elements());
    meter.become(all);
    meter.work(0, all.elements()); // put back into a new tensor
}

} // namespace tessera::search_spaces
