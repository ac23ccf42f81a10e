// Networks of parallel convolutions: what the construction from filter statistics starts from and arrives at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "search_spaces/costs.h"

namespace tessera::nas::construction {

/// A branch of a cell: convolution (stride 1, same) -> BatchNorm without scale -> ReLU. A separable one is a
/// depthwise convolution, then a pointwise one, without anything between. Cells keep their branches in this
/// order.
enum class Operator : std::uint8_t { conv1, conv3, separable3, conv5, separable5, separable7 };
inline constexpr std::array<Operator, 6> all_operators = {Operator::conv1,      Operator::conv3,
                                                          Operator::separable3, Operator::conv5,
                                                          Operator::separable5, Operator::separable7};

/// "1x1", "3x3", "3x3sep", "5x5", "5x5sep", "7x7sep".
std::string_view operator_name(Operator branch);
std::optional<Operator> find_operator(std::string_view name);
/// Names joined by '+', e.g. "1x1+5x5sep".
std::string branch_text(const std::vector<Operator>& branches);
int kernel_size(Operator branch);
bool is_separable(Operator branch);

/// Branches over one input, concatenated. The input is the output of the entry before, followed by the
/// sources of the skips (each max-pooled to its size and multiplied by a learned scalar of its own), which a
/// 1x1 convolution with a bias and ReLU maps back to the channels of the entry before; it is there without
/// skips too.
struct Cell {
    std::vector<Operator> branches; ///< at least one, in the order of Operator, none twice
    std::vector<int> skips; ///< numbers of earlier entries, ascending; not the entry just before, never 0
    bool operator==(const Cell&) const = default;
};

/// Halves the map and begins a stage: the 2x2 max-pooled input beside a 3x3 convolution of stride 2 with
/// half the new stage's width in filters, a bias and ReLU.
struct Widener {
    bool operator==(const Widener&) const = default;
};

using Entry = std::variant<Cell, Widener>;

/// A network as a value: an initial convolution (entry 0), then `entries` numbered from 1, then mean over
/// the map and a linear layer. Stage s is W_s = 2^s * `width` wide; each of a cell's m branches is
/// floor(width / m) wide, so that a cell stays about as wide whatever is taken away. (EnvelopeNets, arXiv
/// 1803.06744, following the authors' published code.)
struct EnvelopeNetwork {
    int width = 64;         ///< W_0; also the filters of the initial convolution
    int initial_kernel = 3; ///< 1 or 3
    /// The parameter limit: in a stage of n >= 3 layers all but the last are floor(W/(n-2)*(sqrt(n-1)-1))
    /// wide, so that the widths' products sum up to W^2 at most.
    bool limited = false;
    std::vector<Entry> entries;

    int stage_count() const;
    /// Entry `number` of 1..entries.size() as a cell; null where it is a widener.
    const Cell* cell(int number) const {
        return std::get_if<Cell>(&entries[static_cast<std::size_t>(number) - 1]);
    }
    bool operator==(const EnvelopeNetwork&) const = default;
};

/// Numbers of each stage's cells, in order.
std::vector<std::vector<int>> stage_cells(const EnvelopeNetwork& network);
/// Branches of each stage.
std::vector<int> stage_branches(const EnvelopeNetwork& network);

/// Throws UsageError naming the entry for anything that is no network: a stage without a cell, a cell
/// without branches, skips to what does not stand before, too narrow for a branch, ...
void check(const EnvelopeNetwork& network);

/// Sizes of an entry, with entry 0 for the initial convolution.
struct EntryLayout {
    int stage = 0;
    int cell = -1;           ///< from 0 within the stage; -1: no cell
    std::int64_t width = 0;  ///< of the cell before it is dealt over the branches; filters of a convolution
    std::int64_t joined = 0; ///< channels of the input and the sources of the skips together
    search_spaces::Shape input, output;
};

/// Of all entries, 0 first; odd sides are halved to the larger half. Throws what check() throws.
std::vector<EntryLayout> layout(const EnvelopeNetwork& network, search_spaces::Shape image = {3, 32, 32});

/// Of an inner layer (all but the last) of a stage of `layers` under the parameter limit.
std::int64_t limited_width(std::int64_t width, std::int64_t layers);

/// "s0c0", "s0c1", "w1", "s1c0", ...: stage and cell from 0, wideners by the stage that they begin. In the
/// order of the entries without the initial convolution.
std::vector<std::string> entry_names(const EnvelopeNetwork& network);

} // namespace tessera::nas::construction
