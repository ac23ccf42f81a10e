// `tessera measure` for another machine: its probes as files, and the results read back.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace tessera::cli {

/// --emit, --from, --device-name.
std::vector<Option> probe_options();

/// `--from FILE` is short for `--set latency.table=FILE`, `--device-name NAME` for `--set
/// latency.device=NAME`.
Arguments with_table(Arguments arguments);

/// Writes the probes of the configuration's space into the folder given with --emit. No run is opened.
int emit_probes(const Arguments& arguments);

} // namespace tessera::cli
