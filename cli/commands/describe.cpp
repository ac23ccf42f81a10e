// describe: what a configuration holds and whether its bounds can be met, before anything is trained.
#include <fmt/format.h>

#include "cli/command.h"
#include "nas/description.h"

namespace tessera::cli {

Command describe_command() {
    return {"describe",
            "shows a search space: its size, every block, the reach of every cost, whether bounds can be met",
            "  tessera describe configs/quickstart.yaml\n"
            "  tessera describe configs/donna-imagenet.yaml --json\n",
            [](const Arguments& arguments) {
                const support::Document document = load_document(arguments);
                const nas::Configuration configuration = load_configuration(arguments, document);
                const nas::Description description = nas::describe(configuration);
                print(arguments, description.text, description.json.dump(1));
                nas::known_costs(configuration).tables.check_reachable(configuration.search.objectives);
                return 0;
            }};
}

} // namespace tessera::cli
