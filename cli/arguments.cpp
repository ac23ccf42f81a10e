#include <algorithm>
#include <set>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "support/error.h"

namespace tessera::cli {

namespace po = boost::program_options;
using support::UsageError;

namespace {

/// Of all commands together: which command it is, and so which options it may have, is known only afterwards.
std::vector<Option> every_option() {
    std::vector<Option> all = shared_options();
    std::set<std::string> names;
    for (const Command& command : commands()) {
        for (const Option& option : command.options) {
            if (names.insert(option.name).second) {
                all.push_back(option);
            }
        }
    }
    return all;
}

po::options_description describe(const std::vector<Option>& options) {
    po::options_description result;
    for (const Option& option : options) {
        const std::string name =
            option.letter == 0 ? option.name : fmt::format("{},{}", option.name, option.letter);
        if (option.value.empty()) {
            result.add_options()(name.c_str(), "");
        } else if (option.repeatable) {
            result.add_options()(name.c_str(), po::value<std::vector<std::string>>()->composing());
        } else {
            result.add_options()(name.c_str(), po::value<std::string>());
        }
    }
    return result;
}

po::variables_map parse(int argc, const char* const* argv, const std::vector<Option>& options) {
    po::options_description all = describe(options);
    all.add_options()("<command>", po::value<std::string>())("<operand>", po::value<std::string>())(
        "<extra>", po::value<std::vector<std::string>>());
    po::positional_options_description places;
    places.add("<command>", 1).add("<operand>", 1).add("<extra>", -1);
    po::variables_map map;
    try {
        // No abbreviations: --se would mean --set today and --seed tomorrow.
        const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(argc, argv).options(all).positional(places).style(style).run(),
                  map);
    } catch (const po::unknown_option& error) {
        std::vector<std::string> names;
        for (const Option& option : options) {
            names.push_back("--" + option.name);
        }
        const std::string near = support::nearest(error.get_option_name(), names);
        throw UsageError(fmt::format("unknown option {}{}", error.get_option_name(),
                                     near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
    } catch (const po::error& error) { throw UsageError(error.what()); }
    return map;
}

/// Throws where an option is another command's.
void check_owner(const std::string& option, const std::string& command) {
    std::vector<std::string> owners;
    for (const Command& c : commands()) {
        const bool owns = std::any_of(c.options.begin(), c.options.end(),
                                      [&](const Option& o) { return o.name == option; });
        if (owns && c.name == command) {
            return;
        }
        if (owns) {
            owners.push_back(fmt::format("`tessera {}`", c.name));
        }
    }
    throw UsageError(fmt::format("--{} belongs to {}", option, fmt::join(owners, ", ")));
}

std::string quoted(const std::string& word) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-+./:=,@%").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) {
        return word;
    }
    std::string text = "'";
    for (const char c : word) {
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return text + "'";
}

} // namespace

const std::vector<Option>& shared_options() {
    static const std::vector<Option> options = {
        {"run", "DIR", "run folder (default: runs/<configuration's name>)"},
        {"set", "a.b=c", "override a key of the configuration; may be repeated", true},
        {"seed", "N", "seed of the run"},
        {"threads", "N", "threads in all (0: one per core)"},
        {"device", "D", "auto, cpu or cuda:N"},
        {"json", "", "print the result as JSON"},
        {"quiet", "", "warnings and errors only on stderr", false, 'q'},
        {"verbose", "", "debug messages as well", false, 'v'},
        {"help", "", "show help", false, 'h'},
    };
    return options;
}

std::vector<std::string> Arguments::values(const std::string& option) const {
    const auto found = own.find(option);
    return found == own.end() ? std::vector<std::string>{} : found->second;
}

std::string Arguments::value(const std::string& option) const {
    const auto all = values(option);
    return all.empty() ? std::string() : all.back();
}

Arguments parse_arguments(int argc, const char* const* argv) {
    const std::vector<Option> options = every_option();
    const po::variables_map map = parse(argc, argv, options);
    if (map.contains("<extra>")) {
        throw UsageError(
            fmt::format("unexpected argument {}", map["<extra>"].as<std::vector<std::string>>().front()));
    }
    const auto text = [&](const char* name) {
        return map.contains(name) ? map[name].as<std::string>() : std::string();
    };
    Arguments a;
    a.program = argv[0];
    a.command = text("<command>");
    a.operand = text("<operand>");
    a.run = text("run");
    if (map.contains("set")) {
        a.set = map["set"].as<std::vector<std::string>>();
    }
    for (const char* name : {"seed", "threads", "device"}) {
        if (map.contains(name)) {
            a.set.push_back(fmt::format("{}={}", name, text(name)));
        }
    }
    a.json = map.contains("json");
    a.quiet = map.contains("quiet");
    a.verbose = map.contains("verbose");
    a.help = map.contains("help");
    if (a.quiet && a.verbose) {
        throw UsageError("--quiet and --verbose exclude each other");
    }

    const auto known = std::find_if(commands().begin(), commands().end(),
                                    [&](const Command& c) { return c.name == a.command; });
    if (known == commands().end()) {
        return a;
    }
    if (known->operand.name.empty() && !a.operand.empty()) {
        throw UsageError(fmt::format("unexpected argument {}", a.operand));
    }
    for (std::size_t i = shared_options().size(); i < options.size(); ++i) {
        const Option& option = options[i];
        if (!map.contains(option.name)) {
            continue;
        }
        check_owner(option.name, a.command);
        auto& values = a.own[option.name];
        if (option.repeatable) {
            values = map[option.name].as<std::vector<std::string>>();
        } else if (!option.value.empty()) {
            values = {text(option.name.c_str())};
        }
    }
    return a;
}

std::string to_command_line(const Arguments& arguments) {
    std::string line = quoted(arguments.program) + " " + arguments.command;
    if (!arguments.operand.empty()) {
        line += " " + quoted(arguments.operand);
    }
    if (!arguments.run.empty()) {
        line += " --run " + quoted(arguments.run.string());
    }
    for (const auto& set : arguments.set) {
        line += " --set " + quoted(set);
    }
    for (const auto& [name, values] : arguments.own) {
        if (values.empty()) {
            line += " --" + name;
        }
        for (const auto& value : values) {
            line += fmt::format(" --{} {}", name, quoted(value));
        }
    }
    return line;
}

} // namespace tessera::cli
