// man: the manual page, from the same tables as --help.
#include <fmt/format.h>

#include "cli/command.h"
#include "support/version.h"

namespace tessera::cli {
namespace {

/// As roff reads it: backslashes and dashes literally, no line that begins with a control character.
std::string roff(const std::string& text) {
    std::string result;
    bool begins = true;
    for (const char c : text) {
        if (begins && (c == '.' || c == '\'')) {
            result += "\\&";
        }
        result += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
        begins = c == '\n';
    }
    return result;
}

std::string option_text(const Option& option) {
    const std::string letter = option.letter == 0 ? "" : fmt::format("\\fB\\-{}\\fR, ", option.letter);
    const std::string value = option.value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(option.value));
    return fmt::format(".TP\n{}\\fB\\-\\-{}\\fR{}\n{}\n", letter, roff(option.name), value,
                       roff(option.meaning));
}

std::string page() {
    std::string text = fmt::format(
        ".TH TESSERA 1 \"\" \"tessera {}\" \"User Commands\"\n"
        ".SH NAME\ntessera \\- neural architecture search and compression for a device\n"
        ".SH SYNOPSIS\n.B tessera\n\\fICOMMAND\\fR [\\fIOPERAND\\fR] [\\fIoptions\\fR]\n"
        ".SH DESCRIPTION\n"
        "Takes a trained network apart into blocks, trains many replacements of every block to imitate the "
        "original,\npredicts accuracy and latency of every combination, searches a Pareto front, and "
        "fine\\-tunes "
        "and exports\nnetworks of it.\n.SH COMMANDS\n",
        roff(std::string(tessera::version())));
    for (const Command& command : commands()) {
        const auto& operand = command.operand;
        text += fmt::format(".SS \"{}{}\"\n{}\n", roff(command.name),
                            operand.name.empty() ? "" : fmt::format(" [{}]", roff(operand.name)),
                            roff(command.meaning));
        if (!operand.name.empty()) {
            text += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(operand.name), roff(operand.meaning));
        }
        for (const Option& option : command.options) {
            text += option_text(option);
        }
        text += fmt::format(".PP\nExamples:\n.PP\n.nf\n{}.fi\n", roff(command.examples));
    }
    text += ".SH OPTIONS OF EVERY COMMAND\n";
    for (const Option& option : shared_options()) {
        text += option_text(option);
    }
    return text + ".SH FILES\nA run is a folder of ordinary files, \\fIruns/NAME\\fR unless "
                  "\\fB\\-\\-run\\fR names another.\n"
                  ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nno colours on a terminal\n"
                  ".SH EXIT STATUS\n"
                  ".TP\n0\ndone\n.TP\n1\nfailed while running\n.TP\n2\nusage or configuration\n"
                  ".TP\n3\nbounds that nothing can meet\n.TP\n130, 143\ninterrupted; the command that goes "
                  "on is printed\n";
}

} // namespace

Command man_command() {
    return {"man",
            "prints the manual page",
            "  tessera man | man -l -\n",
            [](const Arguments& arguments) {
                const std::string text = page();
                print(arguments, text, nlohmann::json{{"page", text}}.dump(1));
                return 0;
            },
            {},
            {"", ""}};
}

} // namespace tessera::cli
