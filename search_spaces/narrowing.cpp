#include "search_spaces/narrowing.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "search_spaces/filter_source.h"
#include "search_spaces/layers/conv_norm_act.h"

namespace tessera::search_spaces {
namespace {

using torch::Tensor;
using Tensors = torch::OrderedDict<std::string, Tensor>;

/// The filters of `wide` that a layer of fewer keeps; `scope` is the part of the block that speaks of them.
struct Kept {
    std::string scope;
    std::int64_t from = 0, to = 0;
    Tensor filters; ///< ascending
};

std::int64_t filters_of(const FilterSource& source) {
    std::int64_t count = 0;
    for (const FilterGroup& group : source.filter_groups()) {
        count += group.filters;
    }
    return count;
}

std::string parent(const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? "" : name.substr(0, dot);
}

bool within(const std::string& name, const std::string& scope) {
    return scope.empty() || name == scope || name.starts_with(scope + ".");
}

std::string name_in_wide(const torch::nn::Module& narrow, const std::string& name) {
    const auto* const variant = dynamic_cast<const Variant*>(&narrow);
    return variant == nullptr ? name : variant->counterpart(name);
}

std::map<std::string, const torch::nn::Module*> modules_by_name(const torch::nn::Module& module) {
    std::map<std::string, const torch::nn::Module*> result{{"", &module}};
    for (const auto& item : module.named_modules("", /*include_self=*/false)) {
        result[item.key()] = item.value().get();
    }
    return result;
}

Tensor best(const std::vector<double>& scores, std::int64_t count) {
    std::vector<std::int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::ranges::stable_sort(order, std::greater{}, [&](std::int64_t i) {
        const double score = scores[static_cast<std::size_t>(i)];
        return std::isnan(score) ? -std::numeric_limits<double>::infinity() : score;
    });
    order.resize(static_cast<std::size_t>(count));
    std::sort(order.begin(), order.end());
    return torch::tensor(order, torch::kInt64);
}

/// Empty where a layer with fewer filters has no score.
std::optional<std::vector<Kept>> kept_filters(const torch::nn::Module& narrow, const torch::nn::Module& wide,
                                              const FilterScores& scores) {
    const auto wide_modules = modules_by_name(wide);
    std::vector<Kept> result;
    for (const auto& item : narrow.named_modules("", /*include_self=*/true)) {
        const auto* source = dynamic_cast<const FilterSource*>(item.value().get());
        if (source == nullptr) {
            continue;
        }
        const std::string name = name_in_wide(narrow, item.key());
        const auto found = wide_modules.find(name);
        const auto* other =
            found == wide_modules.end() ? nullptr : dynamic_cast<const FilterSource*>(found->second);
        if (other == nullptr) {
            return std::nullopt;
        }
        const std::int64_t from = filters_of(*other), to = filters_of(*source);
        if (from == to) {
            continue;
        }
        const auto score = scores.find(name);
        if (to > from || score == scores.end() || static_cast<std::int64_t>(score->second.size()) != from) {
            return std::nullopt;
        }
        // A convolution's filters are its neighbours' channels as well.
        const bool convolution = item.value()->as<ConvNormActImpl>() != nullptr;
        const std::string scope = convolution ? parent(item.key()) : item.key();
        std::erase_if(result,
                      [&](const Kept& k) { return k.scope == scope && k.from == from && k.to == to; });
        result.push_back({scope, from, to, best(score->second, to)});
    }
    return result;
}

/// The part of `wide` that a tensor of these sizes keeps; undefined where there is none.
Tensor part_of(const Tensor& wide, at::IntArrayRef sizes, const std::string& name,
               const std::vector<Kept>& kept) {
    if (wide.dim() != static_cast<std::int64_t>(sizes.size())) {
        return {};
    }
    Tensor part = wide;
    for (std::int64_t d = 0; d < wide.dim(); ++d) {
        const std::int64_t from = wide.size(d), to = sizes[static_cast<std::size_t>(d)];
        if (from == to) {
            continue;
        }
        if (to > from) {
            return {};
        }
        if (d >= 2) { // a kernel
            part = part.narrow(d, (from - to) / 2, to);
            continue;
        }
        const Kept* innermost = nullptr;
        for (const Kept& one : kept) {
            if (one.from == from && one.to == to && within(name, one.scope) &&
                (innermost == nullptr || one.scope.size() > innermost->scope.size())) {
                innermost = &one;
            }
        }
        if (innermost == nullptr) {
            return {};
        }
        part = part.index_select(d, innermost->filters.to(part.device()));
    }
    return part;
}

/// Collects what each of `targets` takes; false where one finds nothing of its size, or something is left
/// over.
bool collect(const torch::nn::Module& narrow, const Tensors& targets, const Tensors& sources,
             const std::vector<Kept>& kept, std::vector<std::pair<Tensor, Tensor>>& copies) {
    std::size_t taken = 0;
    for (const auto& item : targets) {
        const std::string name = name_in_wide(narrow, item.key());
        if (name.empty()) {
            continue;
        }
        const Tensor* const source = sources.find(name);
        const Tensor part =
            source == nullptr ? Tensor() : part_of(*source, item.value().sizes(), item.key(), kept);
        if (!part.defined()) {
            return false;
        }
        copies.emplace_back(item.value(), part);
        ++taken;
    }
    return taken == sources.size();
}

bool has_partial_groups(const torch::nn::Module& module) {
    return std::ranges::any_of(module.modules(), [](const auto& one) {
        const auto* conv = one->template as<torch::nn::Conv2dImpl>();
        return conv != nullptr && conv->options.groups() > 1 &&
               conv->options.groups() < conv->options.out_channels();
    });
}

} // namespace

FilterScores magnitude_scores(const torch::nn::Module& module) {
    FilterScores scores;
    for (const auto& item : module.named_modules("", /*include_self=*/true)) {
        const auto* source = dynamic_cast<const FilterSource*>(item.value().get());
        if (source == nullptr) {
            continue;
        }
        // The weights whose rows are the filters: the first that fit.
        for (const auto& parameter : item.value()->named_parameters()) {
            const Tensor& weight = parameter.value();
            if (weight.dim() >= 2 && weight.size(0) == filters_of(*source)) {
                const Tensor sums =
                    weight.detach().abs().flatten(1).sum(1, false, torch::kDouble).cpu().contiguous();
                scores[item.key()] = {sums.const_data_ptr<double>(),
                                      sums.const_data_ptr<double>() + sums.numel()};
                break;
            }
        }
    }
    return scores;
}

bool start_from(torch::nn::Module& narrow, const torch::nn::Module& wide, const FilterScores& scores) {
    const auto kept = kept_filters(narrow, wide, scores);
    if (!kept || (!kept->empty() && has_partial_groups(narrow))) {
        return false;
    }
    std::vector<std::pair<Tensor, Tensor>> copies;
    if (!collect(narrow, narrow.named_parameters(), wide.named_parameters(), *kept, copies) ||
        !collect(narrow, narrow.named_buffers(), wide.named_buffers(), *kept, copies)) {
        return false;
    }
    const torch::NoGradGuard no_grad;
    for (auto& [target, part] : copies) {
        target.copy_(part);
    }
    return true;
}

} // namespace tessera::search_spaces
