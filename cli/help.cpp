// Help texts, from the tables of commands and options.
#include <algorithm>

#include <fmt/format.h>

#include "cli/command.h"

namespace tessera::cli {
namespace {

std::string left_of(const Option& option) {
    std::string text = option.letter == 0 ? "" : fmt::format("-{}, ", option.letter);
    text += "--" + option.name;
    return option.value.empty() ? text : text + " " + option.value;
}

std::string table(const std::vector<std::pair<std::string, std::string>>& rows) {
    std::size_t width = 0;
    for (const auto& [left, right] : rows) {
        width = std::max(width, left.size());
    }
    std::string text;
    for (const auto& [left, right] : rows) {
        text += fmt::format("  {:<{}}  {}\n", left, width, right);
    }
    return text;
}

std::vector<std::pair<std::string, std::string>> rows_of(const std::vector<Option>& options) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const Option& option : options) {
        rows.emplace_back(left_of(option), option.meaning);
    }
    return rows;
}

} // namespace

std::string help_of(const Command& command) {
    std::string text = fmt::format(
        "tessera {}{} [options]\n\n{}\n", command.name,
        command.operand.name.empty() ? "" : fmt::format(" [{}]", command.operand.name), command.meaning);
    if (!command.operand.name.empty()) {
        text += fmt::format("\n{}", table({{command.operand.name, command.operand.meaning}}));
    }
    if (!command.options.empty()) {
        text += fmt::format("\nOptions of this command\n{}", table(rows_of(command.options)));
    }
    return fmt::format("{}\nOptions of every command\n{}\nExamples\n{}", text,
                       table(rows_of(shared_options())), command.examples);
}

std::string help_of_all() {
    std::vector<std::pair<std::string, std::string>> meanings;
    for (const Command& command : commands()) {
        meanings.emplace_back(command.name, command.meaning);
    }
    auto options = rows_of(shared_options());
    options.emplace_back("--version", "versions of tessera, LibTorch and CUDA");
    return "tessera COMMAND [options]\n\n"
           "Searches neural architectures and compresses trained networks for a given device.\n\nCommands\n" +
           table(meanings) + "\nOptions of every command\n" + table(options) +
           "\nOnce a run folder exists it alone suffices: `tessera search --run runs/quickstart`.\n"
           "\nExamples\n"
           "  tessera run configs/quickstart.yaml\n"
           "  tessera describe configs/donna-imagenet.yaml\n"
           "  tessera COMMAND --help\n";
}

} // namespace tessera::cli
