#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "cli/command.h"
#include "nas/stage.h"
#include "support/error.h"
#include "support/log.h"

namespace tessera::cli {

const std::vector<Command>& commands() {
    static const std::vector<Command> all = [] {
        std::vector<Command> list = {init_command(), describe_command()};
        for (const nas::Stage& stage : nas::stages()) {
            list.push_back(stage.name == "search" ? search_command() : stage_command(stage.name));
        }
        list.push_back(run_command());
        list.push_back(inspect_command());
        list.push_back(rank_command());
        list.push_back(evaluate_command());
        list.push_back(status_command());
        list.push_back(keys_command());
        list.push_back(completion_command());
        list.push_back(man_command());
        return list;
    }();
    return all;
}

support::Document load_document(const Arguments& arguments) {
    if (!arguments.operand.empty()) {
        return support::Document::load(arguments.operand, arguments.set);
    }
    if (arguments.run.empty()) {
        throw support::UsageError(
            fmt::format("name a configuration (tessera {} CONFIG) or a run (--run DIR)", arguments.command));
    }
    const auto stored = arguments.run / "config.yaml";
    if (!std::filesystem::exists(stored)) {
        throw support::UsageError(
            fmt::format("{} has no config.yaml yet: name a configuration (tessera {} CONFIG --run {})",
                        arguments.run.string(), arguments.command, arguments.run.string()));
    }
    return support::Document::load(stored, arguments.set);
}

std::filesystem::path run_folder(const Arguments& arguments, const nas::Configuration& configuration) {
    return arguments.run.empty() ? std::filesystem::path("runs") / configuration.name : arguments.run;
}

nas::Configuration load_configuration(const Arguments& arguments, const support::Document& document) {
    nas::Configuration configuration = nas::Configuration::read(document);
    if (configuration.construct) {
        const auto constructed = run_folder(arguments, configuration) / nas::constructed_space;
        if (std::filesystem::exists(constructed)) {
            try {
                return nas::Configuration::read(document, constructed);
            } catch (const support::Error& error) { // the document itself is in order
                support::warn("{}: {}; it does not count as constructed", constructed.string(), error.what());
            }
        }
    }
    return configuration;
}

void print(const Arguments& arguments, const std::string& text, const std::string& json) {
    const std::string all = arguments.json ? json + "\n" : text;
    errno = 0;
    const bool written =
        std::fwrite(all.data(), 1, all.size(), stdout) == all.size() && std::fflush(stdout) == 0;
    if (!written && errno != EPIPE) { // a reader that has seen enough, as `| head`, is no failure
        throw support::RunError(fmt::format("cannot write to the standard output: {}", std::strerror(errno)));
    }
    std::clearerr(stdout);
}

} // namespace tessera::cli
