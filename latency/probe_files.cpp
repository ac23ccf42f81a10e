#include "latency/probe_files.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "latency/chains.h"
#include "latency/measure_script.h"
#include "latency/placed_block.h"
#include "latency/row_lookup.h"
#include "latency/whole_networks.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/interrupt.h"
#include "support/progress.h"
#include "training/device.h"

namespace tessera::latency {
namespace {

using search_spaces::SearchSpace;
using search_spaces::Shape;

void require_empty(const std::filesystem::path& folder) {
    std::error_code error;
    if (!std::filesystem::exists(folder, error)) {
        return;
    }
    if (!std::filesystem::is_directory(folder, error) || !std::filesystem::is_empty(folder, error)) {
        throw support::RunError(
            fmt::format("{}: there is something already; name an empty or a new folder", folder.string()));
    }
}

/// Writes modules and remembers the manifest's rows.
class Emission {
public:
    Emission(const SearchSpace& space, const ProbeOptions& options, std::uint64_t seed,
             std::filesystem::path folder, std::int64_t modules)
        : space_(space), options_(options), seed_(seed), folder_(std::move(folder)), hash_(space.hash()),
          progress_("emit probes", modules, "modules") {
        manifest_.header = {"file",     "block",  "choice", "architecture", "batch",
                            "channels", "height", "width",  "dtype",        "space"};
    }

    /// Stem, head, or a module that does nothing.
    void special(const std::string& name, search_spaces::BlockImpl& module, const Shape& input) {
        const std::string file = "modules/" + name + ".pt";
        write(file, Deployed(module, map(input), support::derive_seed(seed_, {name})));
        row(file, name, "", "", input);
    }
    void choice(const search_spaces::Block& block, const search_spaces::Choice& choice) {
        const auto [entry, fresh] = files_.try_emplace(placed_key(space_, block, choice));
        if (fresh) {
            entry->second = fmt::format("modules/choice-{:04}.pt", files_.size());
            const auto module = build_placed(space_, block, choice, options_.batch, seed_);
            write(entry->second, Deployed(*module, map(block.sequential_input()),
                                          support::derive_seed(seed_, {block.name, choice.text()})));
        }
        row(entry->second, block.name, choice.text(), "", block.sequential_input());
    }
    void network(const std::vector<int>& genome) {
        const std::string file = fmt::format("modules/network-{:02}.pt", ++result_.networks);
        search_spaces::Network network(space_, space_.architecture(genome));
        const std::string text = network->architecture.text();
        search_spaces::initialise(*network, support::derive_seed(seed_, {"network", text}));
        write(file, Deployed(network, map(space_.input())));
        row(file, "", "", text, space_.input());
    }
    ProbeFiles finish() {
        text("measure.py", measure_script());
        text("README.txt", readme());
        text("manifest.csv", manifest_.text()); // the last: where it is, all is
        result_.rows = static_cast<std::int64_t>(manifest_.rows.size());
        return result_;
    }

private:
    torch::Tensor map(const Shape& shape) const { return noise(shape, options_.batch, torch::kCPU, seed_); }
    void write(const std::string& file, const Deployed& module) {
        support::check_interrupt();
        text(file, module.archive());
        ++result_.modules;
        progress_.advance();
    }
    void text(const std::string& file, std::string_view content) {
        support::write_atomically(folder_ / file, content);
        result_.bytes += static_cast<std::int64_t>(content.size());
    }
    void row(const std::string& file, const std::string& block, const std::string& choice,
             const std::string& architecture, const Shape& input) {
        manifest_.add({file, block, choice, architecture, support::number(options_.batch),
                       support::number(input.channels), support::number(input.height),
                       support::number(input.width), "float32", hash_});
    }
    std::string readme() const {
        return fmt::format(
            "Parts of the networks of a search space (hash {}), to be timed on another machine.\n"
            "Written by `tessera measure --emit`.\n\n"
            "modules/*.pt   TorchScript: evaluation mode, BatchNorm folded, frozen, float32; weights are "
            "noise\n"
            "manifest.csv   what each file is and which map it takes: batch x channels x height x width.\n"
            "               `call` does nothing: its time is that of a call and is taken off the others\n"
            "measure.py     times them all (Python and PyTorch, nothing else) and writes RESULTS.csv\n\n"
            "1. Copy this folder to the machine.\n"
            "2. python3 measure.py --device-name NAME\n"
            "3. tessera measure CONFIG --from RESULTS.csv, and the objective is latency_NAME_ms\n\n"
            "Where there is no Python, any runner may write RESULTS.csv: for each row of manifest.csv its "
            "block,\n"
            "choice, architecture and space, and latency_ms (or latency_us), with `device` as a sixth "
            "column.\n",
            hash_);
    }

    const SearchSpace& space_;
    const ProbeOptions& options_;
    std::uint64_t seed_;
    std::filesystem::path folder_;
    std::string hash_;
    std::map<std::string, std::string> files_; ///< by placed_key()
    support::CsvTable manifest_;
    ProbeFiles result_;
    support::Progress progress_;
};

} // namespace

ProbeFiles write_probe_files(const SearchSpace& space, const ProbeOptions& options, std::uint64_t seed,
                             const std::filesystem::path& folder) {
    const torch::NoGradGuard no_grad;
    training::use_threads(1); // many small modules: threads would only wait for each other
    require_empty(folder);
    for (const char* name : {"stem", "head", "call"}) {
        if (find_block(space, name)) {
            throw support::RunError(fmt::format(
                "a block is called '{}', which in manifest.csv means something else: rename it", name));
        }
    }
    const auto networks = networks_to_check(space, std::max(options.networks, fewest_emitted_networks), seed);
    std::set<std::string> kinds;
    for (const auto& block : space.blocks()) {
        for (const auto& choice : block.choices) {
            kinds.insert(placed_key(space, block, choice));
        }
    }
    Emission emission(space, options, seed, folder,
                      static_cast<std::int64_t>(3 + kinds.size() + networks.size()));
    const Shape first = space.blocks().front().site.input, last = space.blocks().back().site.output();
    emission.special("stem", *build_stem(space), space.input());
    emission.special("head", *build_head(space), last);
    emission.special("call", *build_block(search_spaces::Choice("identity", {}), {first, first.channels, 1}),
                     first);
    for (const auto& block : space.blocks()) {
        for (const auto& choice : block.choices) {
            emission.choice(block, choice);
        }
    }
    for (const auto& genome : networks) {
        emission.network(genome);
    }
    return emission.finish();
}

} // namespace tessera::latency
