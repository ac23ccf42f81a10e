#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "cli/command.h"
#include "support/error.h"

namespace tessera::cli {

namespace po = boost::program_options;
using support::UsageError;

namespace {

po::options_description shared_options() {
    po::options_description options("Options");
    options.add_options() //
        ("run", po::value<std::string>()->value_name("DIR"),
         "run folder (default: runs/<configuration's name>)") //
        ("set", po::value<std::vector<std::string>>()->composing()->value_name("a.b=c"),
         "override a key of the configuration; may be repeated")                                   //
        ("seed", po::value<std::string>()->value_name("N"), "seed of the run")                     //
        ("threads", po::value<std::string>()->value_name("N"), "threads in all (0: one per core)") //
        ("device", po::value<std::string>()->value_name("D"), "auto, cpu or cuda:N")               //
        ("pick", po::value<std::vector<std::string>>()->composing()->value_name("POINT"),
         "finetune: knee, all, spread:K, 'objective<=value', an id; may be repeated") //
        ("json", po::bool_switch(), "print the result as JSON")                       //
        ("quiet,q", po::bool_switch(), "warnings and errors only on stderr")          //
        ("verbose,v", po::bool_switch(), "debug messages as well")                    //
        ("help,h", po::bool_switch(), "show help");
    return options;
}

/// For YAML's single quotes, which are doubled inside.
std::string yaml_quoted(std::string text) {
    for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) {
        text.insert(at, "'");
    }
    return text;
}

} // namespace

Arguments parse_arguments(int argc, const char* const* argv) {
    po::options_description hidden;
    hidden.add_options()("command", po::value<std::string>())("config", po::value<std::string>())(
        "extra", po::value<std::vector<std::string>>());
    po::options_description all;
    all.add(shared_options()).add(hidden);
    po::positional_options_description places;
    places.add("command", 1).add("config", 1).add("extra", -1);
    po::variables_map map;
    try {
        // No abbreviations: --se would mean --set today and --seed tomorrow.
        const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(argc, argv).options(all).positional(places).style(style).run(),
                  map);
        po::notify(map);
    } catch (const po::unknown_option& error) {
        std::vector<std::string> names;
        const auto options = shared_options();
        for (const auto& option : options.options()) {
            names.push_back("--" + option->long_name());
        }
        const std::string near = support::nearest(error.get_option_name(), names);
        throw UsageError(fmt::format("unknown option {}{}", error.get_option_name(),
                                     near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
    } catch (const po::error& error) { throw UsageError(error.what()); }

    if (map.contains("extra")) {
        throw UsageError(
            fmt::format("unexpected argument {}", map["extra"].as<std::vector<std::string>>().front()));
    }
    Arguments a;
    const auto text = [&](const char* name) {
        return map.contains(name) ? map[name].as<std::string>() : std::string();
    };
    a.command = text("command");
    a.config = text("config");
    a.run = text("run");
    if (map.contains("set")) {
        a.set = map["set"].as<std::vector<std::string>>();
    }
    for (const char* name : {"seed", "threads", "device"}) {
        if (map.contains(name)) {
            a.set.push_back(fmt::format("{}={}", name, text(name)));
        }
    }
    if (map.contains("pick")) {
        if (a.command != "finetune") {
            throw UsageError("--pick belongs to `tessera finetune`");
        }
        std::string list;
        for (const auto& pick : map["pick"].as<std::vector<std::string>>()) {
            list += fmt::format("{}'{}'", list.empty() ? "" : ", ", yaml_quoted(pick));
        }
        a.set.push_back("finetune.pick=[" + list + "]");
    }
    a.json = map["json"].as<bool>();
    a.quiet = map["quiet"].as<bool>();
    a.verbose = map["verbose"].as<bool>();
    a.help = map["help"].as<bool>();
    if (a.quiet && a.verbose) {
        throw UsageError("--quiet and --verbose exclude each other");
    }
    return a;
}

std::string help_of(const Command& command) {
    std::ostringstream out;
    out << fmt::format("tessera {} [CONFIG] [options]\n\n{}\n\n", command.name, command.meaning)
        << shared_options() << "\nExamples\n"
        << command.examples;
    return out.str();
}

std::string help_of_all() {
    std::ostringstream out;
    out << "tessera COMMAND [CONFIG] [options]\n\n"
           "Searches neural architectures and compresses trained networks for a device.\n\nCommands\n";
    for (const Command& command : commands()) {
        out << fmt::format("  {:<10} {}\n", command.name, command.meaning);
    }
    out << "\n"
        << shared_options()
        << "  --version                 versions of tessera, LibTorch and CUDA\n"
           "\nOnce a run folder exists it alone suffices: `tessera search --run runs/quickstart`.\n"
           "\nExamples\n"
           "  tessera run configs/quickstart.yaml\n"
           "  tessera describe configs/donna-imagenet.yaml\n"
           "  tessera COMMAND --help\n";
    return out.str();
}

} // namespace tessera::cli
