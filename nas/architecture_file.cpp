// architecture.yaml: an architecture with just enough of its space to be rebuilt.
#include <fmt/format.h>

#include "nas/export.h"
#include "support/config_scalars.h"

namespace tessera::nas {

std::string choice_yaml(const search_spaces::Choice& choice) {
    std::string parameters;
    for (const auto& [name, value] : choice.parameters()) {
        parameters += fmt::format("{}{}: {}", parameters.empty() ? "" : ", ", name,
                                  support::config::to_yaml_as_written(value));
    }
    return fmt::format("{}: {{{}}}", choice.family(), parameters);
}

namespace {

std::string skips_yaml(const search_spaces::SearchSpace& space, const search_spaces::Block& block) {
    if (block.skips.empty()) {
        return "";
    }
    std::string names;
    for (const search_spaces::Skip& skip : block.skips) {
        const std::string_view name =
            skip.source == 0 ? std::string_view("stem") : space.blocks()[skip.source - 1].name;
        names += (names.empty() ? "" : ", ") + support::config::to_yaml(name);
    }
    return fmt::format("      skips: [{}]\n", names);
}

} // namespace

std::string architecture_yaml(const search_spaces::SearchSpace& space,
                              const search_spaces::Architecture& architecture) {
    // By way of the genome: checked, and with every default written out.
    const auto whole = space.architecture(space.genome(architecture));
    std::string text = fmt::format("schema: tessera-architecture-1\n"
                                   "id: \"{}\"\n" // 16 digits may look like a number
                                   "architecture: {}\n"
                                   "space:\n",
                                   whole.id(), support::config::to_yaml(std::string_view(whole.text())));
    if (!space.name().empty()) {
        text += fmt::format("  name: {}\n", support::config::to_yaml(std::string_view(space.name())));
    }
    text += fmt::format("  input: [{}, {}, {}]\n"
                        "  classes: {}\n"
                        "  stem: {}\n"
                        "  head: {}\n"
                        "  blocks:\n",
                        space.input().channels, space.input().height, space.input().width, space.classes(),
                        space.stem().yaml(), space.head().yaml());
    for (std::size_t i = 0; i < space.blocks().size(); ++i) {
        const search_spaces::Block& block = space.blocks()[i];
        text += fmt::format("    - name: {}\n"
                            "      channels: {}\n"
                            "      stride: {}\n"
                            "{}"
                            "      choices:\n"
                            "        - {}\n",
                            support::config::to_yaml(std::string_view(block.name)), block.site.out_channels,
                            block.site.stride, skips_yaml(space, block), choice_yaml(whole.choices[i]));
    }
    return text;
}

} // namespace tessera::nas
