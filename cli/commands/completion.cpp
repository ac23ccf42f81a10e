// completion: scripts that complete commands and options in a shell, from the same tables as --help.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "nas/stage.h"
#include "support/error.h"

namespace tessera::cli {
namespace {

std::vector<Option> options_of(const Command& command) {
    std::vector<Option> options = shared_options();
    options.insert(options.end(), command.options.begin(), command.options.end());
    return options;
}

std::vector<std::string> command_names() {
    std::vector<std::string> names;
    for (const Command& command : commands()) {
        names.push_back(command.name);
    }
    return names;
}

/// Words that a value can be, where its placeholder lists them or tells what they name.
std::vector<std::string> words_of(const std::string& placeholder) {
    std::vector<std::string> words(1);
    if (placeholder == "STAGE") {
        words.clear();
        for (const nas::Stage& stage : nas::stages()) {
            words.push_back(stage.name);
        }
        return words;
    }
    for (const char c : placeholder) {
        if (c == '|') {
            words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    return words.size() > 1 ? words : std::vector<std::string>();
}

std::string bash_values(const std::string& placeholder) {
    if (const auto words = words_of(placeholder); !words.empty()) {
        return fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))", fmt::join(words, " "));
    }
    if (placeholder == "DIR") {
        return "COMPREPLY=($(compgen -d -- \"$cur\"))";
    }
    return placeholder == "FILE" ? "COMPREPLY=($(compgen -f -- \"$cur\"))" : "COMPREPLY=()";
}

/// A word that is no option: a file, unless the command takes something else.
std::string bash_operand(const Operand& operand) {
    const bool listed = !words_of(operand.name).empty();
    return listed || operand.name.empty() ? bash_values(operand.name) : bash_values("FILE");
}

std::string bash_script() {
    std::string values, options, operands;
    std::vector<std::string> known;
    for (const Command& command : commands()) {
        std::vector<std::string> names;
        for (const Option& option : options_of(command)) {
            names.push_back("--" + option.name);
            if (!option.value.empty() && std::find(known.begin(), known.end(), option.name) == known.end()) {
                known.push_back(option.name);
                values +=
                    fmt::format("        --{}) {}; return ;;\n", option.name, bash_values(option.value));
            }
        }
        options += fmt::format("            {}) options=\"{}\" ;;\n", command.name, fmt::join(names, " "));
        operands += fmt::format("            {}) {} ;;\n", command.name, bash_operand(command.operand));
    }
    return fmt::format(R"(# bash completion for tessera: source this file, or put it into
# /usr/share/bash-completion/completions/tessera
_tessera() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} options=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{} --help --version" -- "$cur"))
        return
    fi
    case "$prev" in
{}    esac
    case "$cur" in
    -*)
        case "${{COMP_WORDS[1]}}" in
{}        esac
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        ;;
    *)
        case "${{COMP_WORDS[1]}}" in
{}        esac
        ;;
    esac
}}
complete -o filenames -F _tessera tessera
)",
                       fmt::join(command_names(), " "), values, options, operands);
}

/// Inside single quotes, with the characters that _arguments and _describe take for their own escaped.
std::string zsh_text(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\'') {
            result += "'\\''";
        } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
            result += std::string("\\") + c;
        } else {
            result += c;
        }
    }
    return result;
}

std::string zsh_values(const std::string& placeholder) {
    if (const auto words = words_of(placeholder); !words.empty()) {
        return fmt::format("({})", fmt::join(words, " "));
    }
    return placeholder == "DIR" ? "_files -/" : placeholder == "FILE" ? "_files" : "";
}

std::string zsh_script() {
    std::string names, cases;
    for (const Command& command : commands()) {
        names += fmt::format("        '{}:{}'\n", command.name, zsh_text(command.meaning));
        cases += fmt::format("    {})\n        _arguments", command.name);
        for (const Option& option : options_of(command)) {
            cases += fmt::format(" \\\n            '{}--{}[{}]{}'", option.repeatable ? "*" : "", option.name,
                                 zsh_text(option.meaning),
                                 option.value.empty() ? ""
                                                      : fmt::format(":{}:{}", zsh_text(option.value),
                                                                    zsh_values(option.value)));
        }
        cases += command.operand.name.empty()
                     ? " ;;\n"
                     : fmt::format(" \\\n            '*:{}:{}' ;;\n", zsh_text(command.operand.name),
                                   words_of(command.operand.name).empty() ? "_files"
                                                                          : zsh_values(command.operand.name));
    }
    return fmt::format(R"(#compdef tessera
# zsh completion for tessera: put this file as _tessera into a folder of $fpath
_tessera() {{
    local -a commands
    commands=(
{}    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=$words[2]
    words=("${{words[1]}}" "${{(@)words[3,-1]}}")
    (( CURRENT-- ))
    case $command in
{}    esac
}}
compdef _tessera tessera
)",
                       names, cases);
}

} // namespace

Command completion_command() {
    return {"completion",
            "prints a script that completes commands and options in bash or zsh",
            "  source <(tessera completion bash)\n"
            "  tessera completion zsh > ~/.zfunc/_tessera\n",
            [](const Arguments& arguments) {
                if (arguments.operand != "bash" && arguments.operand != "zsh") {
                    throw support::UsageError("name a shell: tessera completion bash|zsh");
                }
                const std::string script = arguments.operand == "bash" ? bash_script() : zsh_script();
                print(arguments, script, nlohmann::json{{"script", script}}.dump(1));
                return 0;
            },
            {},
            {"bash|zsh", "the shell"}};
}

} // namespace tessera::cli
