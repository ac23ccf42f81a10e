// search: the run's front; other fronts of the same run; tables of others.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/search_options.h"
#include "nas/front_making.h"
#include "nas/named_search.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::cli {
namespace {

/// A search beside the run's own, in a folder of its own.
int search_again(const Arguments& arguments) {
    check_plain_name(arguments);
    for (const char* option : {"dry-run", "redo"}) {
        if (arguments.has(option)) {
            throw support::UsageError(fmt::format(
                "--{} is for the run's own search; another one is made at once, in searches/", option));
        }
    }
    const nas::Configuration configuration = load_configuration(arguments, load_document(arguments));
    nas::SearchRequest request;
    request.sought = sought_objectives(arguments);
    request.bounds = asked_bounds(arguments);
    if (arguments.has("strategy")) {
        request.strategy = nas::strategy_of(arguments.value("strategy"));
    }
    request.name = arguments.value("name");
    request.command = to_command_line(arguments);
    const auto done = nas::search_beside(configuration, run_folder(arguments, configuration), request);
    print(arguments,
          fmt::format("{}  solved in {:.3f} s, reading and writing included\n",
                      nas::front_text(done.file, done.folder), done.seconds),
          arguments.json ? support::read_file(done.folder / "front.json", 2ULL << 30) : std::string());
    return 0;
}

} // namespace

Command search_command() {
    Command command = stage_command("search");
    const auto of_run = command.run;
    command.run = [of_run](const Arguments& arguments) {
        if (arguments.has("table") || arguments.has("candidates")) {
            return search_table(arguments);
        }
        for (const char* option : {"pairs", "score", "score-timeout", "maximum", "allow-negative",
                                   "evaluations", "gap", "steps", "best", "out"}) {
            if (arguments.has(option)) {
                throw support::UsageError(fmt::format("--{} goes with --table or --candidates", option));
            }
        }
        return asks_for_another_search(arguments) ? search_again(arguments) : of_run(arguments);
    };
    const auto options = search_options();
    command.options.insert(command.options.end(), options.begin(), options.end());
    command.examples += "  tessera search --run runs/quickstart --set search.generations=100\n"
                        "  tessera search --run runs/quickstart --max latency_cpu_ms=5 --min accuracy=0.7   "
                        "# in searches/, at once\n"
                        "  tessera search --table choices.csv --minimize error --minimize latency --bound "
                        "'latency<=5' --out front.csv\n";
    return command;
}

} // namespace tessera::cli
