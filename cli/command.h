// A command of the program and the options all commands share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nas/configuration.h"

namespace tessera::cli {

/// The one command line: tessera COMMAND [CONFIG] [--run DIR] [--set a.b=c] [--seed N] [--threads N]
/// [--device D] [--json] [-q|-v]
struct Arguments {
    std::string command;
    std::filesystem::path config;  ///< empty: the run's own
    std::filesystem::path run;     ///< empty: runs/<name>
    std::vector<std::string> set;  ///< overrides, --seed, --threads and --device among them
    std::vector<std::string> pick; ///< finetune --pick
    bool json = false, quiet = false, verbose = false, help = false;
};

struct Command {
    std::string name, meaning;
    std::string examples; ///< lines for --help
    std::function<int(const Arguments&)> run;
};

/// Throws UsageError for unknown options, nearest spelling included.
Arguments parse_arguments(int argc, const char* const* argv);
std::string help_of(const Command& command);
std::string help_of_all();

const std::vector<Command>& commands();

// One file each in cli/commands/.
Command describe_command();
Command run_command();
Command status_command();
Command keys_command();
/// teach, distil, measure, ...: one per stage of the pipeline.
Command stage_command(const std::string& stage);

/// The configuration file that counts (the one given, else the run's own) with the overrides applied.
support::Document load_document(const Arguments& arguments);
/// The run's folder: --run, else runs/<name>.
std::filesystem::path run_folder(const Arguments& arguments, const nas::Configuration& configuration);

/// Prints a result: JSON with --json, else the text.
void print(const Arguments& arguments, const std::string& text, const std::string& json);

} // namespace tessera::cli
