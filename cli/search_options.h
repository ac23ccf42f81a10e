// Options of `search` besides those of a stage: what is sought, bounds, strategy, tables of others.
#pragma once

#include <vector>

#include "cli/command.h"
#include "nas/search/bound.h"
#include "nas/search/strategy.h"

namespace tessera::cli {

std::vector<Option> search_options();

/// Whether the command line asks for more than the run's own search.
bool asks_for_another_search(const Arguments& arguments);

/// --maximize and --minimize, in this order. Throws UsageError where a name is there twice.
std::vector<nas::Objective> sought_objectives(const Arguments& arguments);
/// --bound, --min and --max. Throws UsageError where a side of a name is bounded twice.
std::vector<nas::Bound> asked_bounds(const Arguments& arguments);

/// Throws UsageError where --name is no plain name of a folder.
void check_plain_name(const Arguments& arguments);

/// `search --table`, `search --candidates`: no run, no configuration.
int search_table(const Arguments& arguments);

} // namespace tessera::cli
