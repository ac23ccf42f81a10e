#include "nas/filter_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/interrupt.h"
#include "support/plot.h"
#include "support/progress.h"
#include "support/table.h"
#include "training/batches.h"
#include "training/device.h"

namespace tessera::nas {
namespace {

using predictors::FilterStatistic;
using Layers = std::vector<predictors::StatisticsCollector::Layer>;

struct Summary {
    std::int64_t filters = 0, dead = 0;
    double mean_square = 0, variance = 0;

    double dead_share() const {
        return static_cast<double>(dead) / static_cast<double>(std::max<std::int64_t>(1, filters));
    }
};

Summary summary_of(const std::vector<FilterStatistic>& filters) {
    Summary sum;
    for (const FilterStatistic& filter : filters) {
        ++sum.filters;
        sum.dead += filter.dead ? 1 : 0;
        sum.mean_square += filter.mean_square;
        sum.variance += filter.variance;
    }
    sum.mean_square /= static_cast<double>(std::max<std::int64_t>(1, sum.filters));
    sum.variance /= static_cast<double>(std::max<std::int64_t>(1, sum.filters));
    return sum;
}

} // namespace

Layers reference_filters(StageContext& context, std::int64_t images) {
    constexpr std::int64_t batch = 128;
    const torch::NoGradGuard no_grad;
    search_spaces::Network reference = context.reference();
    const auto& data = context.data();
    const std::int64_t all = data.validation.size(), count = images > 0 ? std::min(images, all) : all;
    training::use_threads(context.threads);
    const predictors::StatisticsCollector collector(*reference, context.threads);
    support::Progress progress("inspect", count, "images");
    for (std::int64_t begin = 0; begin < count; begin += batch) {
        support::check_interrupt();
        std::vector<std::int64_t> rows;
        for (std::int64_t i = begin; i < std::min(count, begin + batch); ++i) {
            rows.push_back(i);
        }
        reference->forward(
            training::make_batch(data.validation, rows, data.normalisation).images.to(context.device()));
        progress.advance(static_cast<std::int64_t>(rows.size()));
    }
    Layers layers = collector.layers();
    std::ranges::stable_sort(layers, {}, &predictors::StatisticsCollector::Layer::order);
    return layers;
}

support::CsvTable filters_csv(const Layers& layers) {
    support::CsvTable csv;
    csv.header = {"layer", "branch", "filter", "mean_square", "variance", "dead"};
    for (const auto& layer : layers) {
        const auto filters = layer.moments.per_filter();
        std::size_t next = 0;
        for (const auto& group : layer.groups) {
            for (std::int64_t i = 0; i < group.filters; ++i, ++next) {
                csv.add({layer.name, group.name, std::to_string(next),
                         support::number(filters[next].mean_square), support::number(filters[next].variance),
                         filters[next].dead ? "1" : "0"});
            }
        }
    }
    return csv;
}

support::CsvTable layers_csv(const Layers& layers) {
    support::CsvTable csv;
    csv.header = {"layer", "filters", "dead", "dead_share", "mean_square", "variance"};
    for (const auto& layer : layers) {
        const Summary sum = summary_of(layer.moments.per_filter());
        csv.add({layer.name, support::number(sum.filters), support::number(sum.dead),
                 support::number(sum.dead_share()), support::number(sum.mean_square),
                 support::number(sum.variance)});
    }
    return csv;
}

std::string layers_text(const Layers& layers) {
    support::TextTable table({"layer", "filters", "dead", "mean square", "variance"});
    Summary all;
    for (const auto& layer : layers) {
        const Summary sum = summary_of(layer.moments.per_filter());
        all.filters += sum.filters;
        all.dead += sum.dead;
        table.add({layer.name, std::to_string(sum.filters), std::to_string(sum.dead),
                   fmt::format("{:.4g}", sum.mean_square), fmt::format("{:.4g}", sum.variance)});
    }
    return fmt::format("{} of {} filters are dead: 0 for every image everywhere\n{}", all.dead, all.filters,
                       table.text());
}

std::string dead_filters_svg(const Layers& layers, const std::string& title) {
    support::Series dead{"dead", support::Series::Style::line_and_points, {}, {}, {}};
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const Summary sum = summary_of(layers[i].moments.per_filter());
        dead.points.emplace_back(static_cast<double>(i + 1), 100 * sum.dead_share());
        dead.labels.push_back(fmt::format("{}: {} of {} filters", layers[i].name, sum.dead, sum.filters));
    }
    support::Plot plot;
    plot.title = title;
    plot.x_label = "layer, from the image on";
    plot.y_label = "dead filters, %";
    plot.y_from_zero = true;
    plot.series.push_back(std::move(dead));
    return plot.svg();
}

} // namespace tessera::nas
