// One self-contained HTML page about a finished run: what was found first, then how, then the details.
#pragma once

#include <string>

#include "nas/configuration.h"
#include "nas/run_folder.h"

namespace tessera::nas {

/// Tables and inlined SVG plots from the run's files; no scripts, nothing loaded from elsewhere; all texts
/// escaped.
std::string report_html(const Configuration& configuration, const RunFolder& run);

} // namespace tessera::nas
