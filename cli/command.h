// A command of the program, its options, and what a command line gave it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nas/configuration.h"

namespace tessera::cli {

/// `--name VALUE`, or a switch where `value` is empty.
struct Option {
    std::string name; ///< without the dashes
    std::string
        value; ///< placeholder of the value in help; what completion offers: FILE, DIR, a|b|c or any word
    std::string meaning; ///< one line
    bool repeatable = false;
    char letter = 0; ///< of the short form; 0: none
};

/// The word after the command.
struct Operand {
    std::string name = "CONFIG"; ///< placeholder in help; empty: the command takes none
    std::string meaning = "configuration (YAML); where --run names a run that exists, its own is the default";
};

/// What the command line said: tessera COMMAND [OPERAND] [--option value]...
struct Arguments {
    std::string program = "tessera"; ///< as it was called
    std::string command;
    std::string operand;          ///< empty: none given
    std::filesystem::path run;    ///< --run; empty: runs/<name>
    std::vector<std::string> set; ///< overrides; --seed, --threads and --device among them
    bool json = false, quiet = false, verbose = false, help = false;
    std::map<std::string, std::vector<std::string>>
        own; ///< the command's own options; a switch's values are empty

    bool has(const std::string& option) const { return own.contains(option); }
    /// Values in the order given; empty where the option was not.
    std::vector<std::string> values(const std::string& option) const;
    /// The (last) value; empty where the option was not given.
    std::string value(const std::string& option) const;
};

struct Command {
    std::string name, meaning;
    std::string examples; ///< lines for --help
    std::function<int(const Arguments&)> run;
    std::vector<Option> options = {}; ///< besides shared_options()
    Operand operand = {};
};

/// Options that every command takes.
const std::vector<Option>& shared_options();

/// Throws UsageError for unknown options (nearest spelling included) and for options of another command.
Arguments parse_arguments(int argc, const char* const* argv);
/// The command line that does the same again, as a shell takes it.
std::string to_command_line(const Arguments& arguments);

std::string help_of(const Command& command);
std::string help_of_all();

const std::vector<Command>& commands();

// One file each in cli/commands/.
Command init_command();
Command describe_command();
Command run_command();
Command search_command();
Command status_command();
Command evaluate_command();
Command rank_command();
Command inspect_command();
Command keys_command();
Command completion_command();
Command man_command();
/// teach, distil, measure, ...: one per stage of the pipeline.
Command stage_command(const std::string& stage);

/// The configuration file that counts (the one given, else the run's own) with the overrides applied.
support::Document load_document(const Arguments& arguments);
/// The run's folder: --run, else runs/<name>.
std::filesystem::path run_folder(const Arguments& arguments, const nas::Configuration& configuration);

/// The document as a configuration. Where its blocks are constructed, those that the run holds count.
nas::Configuration load_configuration(const Arguments& arguments, const support::Document& document);

/// Prints a result: JSON with --json, else the text.
void print(const Arguments& arguments, const std::string& text, const std::string& json);

} // namespace tessera::cli
