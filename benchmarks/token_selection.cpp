// Does ToSA's selector rank tokens better than chance? On the library of a run that has `tosa` choices.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target token_selection
//     build/release/token_selection RUN [images=512]
//
// Held-out images go through the reference; each choice's first pair of layers sees what its block receives.
// `overlap`: share of the kept tokens that are among as many which the second layer's true maps look at most,
// for the learnt ranking, for how much the first layer itself looks at them, and for a random one (K / L in
// the mean). `error`: squared error of the pair's output from the same pair with all tokens kept, relative to
// what the second layer changes, both ways, the random one drawn five times. `passed` and `lost`: accuracy of
// the whole reference with the choice in its block's place, as it is (tokens that are not kept pass the
// second layer by) and with the mean of the kept tokens in the others' places, as where tokens are dropped
// for good.
#include <cstdio>
#include <cstdlib>

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "nas/stage.h"
#include "search_spaces/layers/token_map.h"
#include "search_spaces/layers/token_selective_pair.h"
#include "support/error.h"
#include "training/batches.h"
#include "training/state.h"

namespace {

using namespace tessera;
using search_spaces::TokenSelectivePairImpl;
using torch::Tensor;

constexpr std::int64_t batch = 64;
constexpr int draws = 5;

struct Sums {
    double learnt = 0, first = 0, random = 0, learnt_error = 0, random_error = 0, length = 0;
    double passed = 0, lost = 0;
    std::int64_t tokens = 0, places = 0;
};

double overlap(const Tensor& importance, const Tensor& truth,
               const search_spaces::TokenSelectiveOptions& options) {
    const auto places = [&](const Tensor& of) {
        return search_spaces::kept_tokens(of, options.keep(), options.grid().prefix);
    };
    return (places(importance).unsqueeze(2) == places(truth).unsqueeze(1))
        .any(2)
        .to(torch::kDouble)
        .mean()
        .item<double>();
}

/// How much the first layer itself looks at the tokens: what a selector could go by at best without learning.
Tensor first_importance(TokenSelectivePairImpl& pair, const Tensor& tokens) {
    auto& mixer = dynamic_cast<search_spaces::ScoringMixer&>(*pair.first->mixer);
    const auto heads = mixer.split(pair.first->norm1->forward(tokens));
    return search_spaces::importance_of(mixer.probabilities(mixer.scores(heads.queries, heads.keys)));
}

void look(TokenSelectivePairImpl& pair, const Tensor& tokens, at::Generator& generator, Sums& sums) {
    const auto between = pair.standard(tokens);
    const Tensor truth = search_spaces::importance_of(pair.true_maps(between.tokens));
    const Tensor whole = pair.second->forward(between.tokens);
    const auto images = static_cast<double>(tokens.size(0));
    const auto error = [&](const Tensor& importance) {
        return (pair.select(between.tokens, importance) - whole).square().sum().item<double>();
    };
    sums.learnt += images * overlap(between.importance, truth, pair.options);
    sums.learnt_error += error(between.importance);
    sums.first += images * overlap(first_importance(pair, tokens), truth, pair.options);
    for (int i = 0; i < draws; ++i) {
        const Tensor chance = torch::rand(truth.sizes(), generator);
        sums.random += images * overlap(chance, truth, pair.options) / draws;
        sums.random_error += error(chance) / draws;
    }
    sums.length += (whole - between.tokens).square().sum().item<double>();
    sums.tokens += tokens.size(0);
}

/// Tokens that are not kept are gone: whoever needs a token there gets the mean of those that are left.
Tensor without_the_others(TokenSelectivePairImpl& pair, const Tensor& tokens) {
    const auto between = pair.standard(tokens);
    const Tensor chosen =
        search_spaces::kept_tokens(between.importance, pair.options.keep(), pair.options.grid().prefix)
            .unsqueeze(2)
            .expand({-1, -1, tokens.size(2)});
    const Tensor rewritten = pair.select(between.tokens, between.importance).gather(1, chosen);
    return rewritten.mean(1, true).expand_as(tokens).scatter(1, chosen, rewritten);
}

/// How many places of the images the network gets right with `tokens` as the output of a block.
double right(search_spaces::Network& reference, std::vector<Tensor> maps, std::size_t block,
             const Tensor& tokens, const search_spaces::TokenGrid& grid, const training::Task& task,
             const Tensor& truth) {
    maps.resize(block + 1);
    maps.push_back(search_spaces::to_map(tokens, grid));
    return task.hits(reference->head->forward(reference->last_map(std::move(maps))), truth).item<double>();
}

/// The first pair of a block, or null.
TokenSelectivePairImpl* first_pair(search_spaces::BlockImpl& block) {
    for (const auto& module : block.modules()) {
        if (auto* pair = module->as<TokenSelectivePairImpl>()) {
            return pair;
        }
    }
    return nullptr;
}

void compare(const std::string& run_folder, std::int64_t images) {
    const auto document = support::Document::load(run_folder + "/config.yaml");
    const nas::Configuration configuration = nas::Configuration::read(document);
    nas::RunFolder run(run_folder, true);
    nas::StageContext context(configuration, run);
    search_spaces::Network reference = context.reference();
    const auto library = context.library();
    const torch::NoGradGuard no_grad;
    const training::Task& task = training::task_of(configuration.space.head());
    fmt::print("block     overlap    first   random     error   random    passed     lost  choice\n");
    for (std::size_t b = 0; b < configuration.space.blocks().size(); ++b) {
        const auto& block = configuration.space.blocks()[b];
        for (std::size_t m = 0; m < block.choices.size(); ++m) {
            if (block.choices[m].family() != "tosa") {
                continue;
            }
            const auto module = search_spaces::build_block(block.choices[m], block.site);
            training::load_state(*module, library.weights(b, m), library.file(b, m).string());
            module->eval();
            TokenSelectivePairImpl* const pair = first_pair(*module);
            if (pair == nullptr || pair->options.plain() || block.choices[m].integer("depth") != 2) {
                continue; // the whole network is looked at with one pair in the block's place
            }
            auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
            Sums sums;
            for (std::int64_t begin = 0; begin + batch <= images; begin += batch) {
                std::vector<std::int64_t> rows;
                for (std::int64_t i = 0; i < batch; ++i) {
                    rows.push_back(begin + i);
                }
                const auto seen =
                    training::make_batch(context.data().validation, rows, context.data().normalisation);
                const auto maps = reference->boundaries(seen.images);
                const Tensor tokens = search_spaces::to_tokens(reference->input_of(b, maps));
                look(*pair, tokens, generator, sums);
                const Tensor& truth = task.truth(seen);
                const search_spaces::TokenGrid& grid = pair->options.grid();
                sums.passed += right(reference, maps, b, pair->forward(tokens), grid, task, truth);
                sums.lost += right(reference, maps, b, without_the_others(*pair, tokens), grid, task, truth);
                sums.places += batch * task.places(context.data().validation);
            }
            const auto seen = static_cast<double>(sums.tokens);
            const auto places = static_cast<double>(sums.places);
            fmt::print("{:8s} {:8.3f} {:8.3f} {:8.3f}  {:8.3f} {:8.3f}  {:8.4f} {:8.4f}  {}\n", block.name,
                       sums.learnt / seen, sums.first / seen, sums.random / seen,
                       sums.learnt_error / sums.length, sums.random_error / sums.length, sums.passed / places,
                       sums.lost / places, block.choices[m].text());
            std::fflush(stdout);
        }
    }
}

} // namespace

int main(int count, char** words) {
    if (count < 2) {
        fmt::print(stderr, "token_selection RUN [images]\n");
        return 2;
    }
    try {
        compare(words[1], count > 2 ? std::atoll(words[2]) : 512);
    } catch (const support::Error& error) {
        fmt::print(stderr, "token_selection: {}\n", error.what());
        return 1;
    }
    return 0;
}
