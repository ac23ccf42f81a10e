// Which filters of the reference carry signal, layer by layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nas/stage.h"
#include "predictors/statistics_collector.h"
#include "support/csv.h"

namespace tessera::nas {

/// Statistics of every layer with filters of the taught reference, from the image on, over the first `images`
/// of the validation images (0: all), in evaluation mode. Needs the weights of `teach` alone.
std::vector<predictors::StatisticsCollector::Layer> reference_filters(StageContext& context,
                                                                      std::int64_t images);

/// A row a filter: layer, branch, filter (from 0 within the layer), mean_square, variance, dead (0 or 1).
support::CsvTable filters_csv(const std::vector<predictors::StatisticsCollector::Layer>& layers);
/// A row a layer: layer, filters, dead, dead_share, mean_square, variance (means over the filters).
support::CsvTable layers_csv(const std::vector<predictors::StatisticsCollector::Layer>& layers);
/// The same for people.
std::string layers_text(const std::vector<predictors::StatisticsCollector::Layer>& layers);
/// Share of dead filters over the depth, as SVG.
std::string dead_filters_svg(const std::vector<predictors::StatisticsCollector::Layer>& layers,
                             const std::string& title);

} // namespace tessera::nas
