// How well each class is recognised by the networks of a run that were trained to the end.
#pragma once

#include <string>
#include <vector>

#include "nas/class_results.h"
#include "nas/run_folder.h"

namespace tessera::nas {

/// models/<id>/per_class.csv: on the test images (class_csv()).
std::string class_file(const std::string& id);

struct ModelClasses {
    std::string id;
    std::vector<ClassResult> classes;
};

/// Of the networks of models.csv, those whose classes are worth_showing(); none where the files are missing,
/// as in runs of earlier versions.
std::vector<ModelClasses> read_model_classes(const RunFolder& run, const support::CsvTable& models);

/// One table: a line for each class, the worst first, and a column for each of the first networks. Empty
/// without networks.
std::string class_summary(const std::vector<ModelClasses>& models);

/// Columns of models.csv that are shown as they are: latencies, and the errors of networks that tell depths.
std::vector<std::size_t> plain_columns(const support::CsvTable& models);

} // namespace tessera::nas
