#include "nas/construction/envelope_costs.h"

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::nas::construction {
namespace {

using search_spaces::multiply;
using search_spaces::Shape;

/// A convolution whose output is `output`; `shifts`: biases or BatchNorm's, one a filter, or none.
EnvelopeCosts convolution(std::int64_t inputs, const Shape& output, std::int64_t kernel, bool shifts) {
    const std::int64_t weights = multiply({inputs, output.channels, kernel, kernel});
    return {weights + (shifts ? output.channels : 0), multiply({weights, output.height, output.width})};
}

EnvelopeCosts cell_costs(const Cell& cell, const EntryLayout& size) {
    EnvelopeCosts costs = convolution(size.joined, size.input, 1, true);
    costs.parameters += static_cast<std::int64_t>(cell.skips.size());
    Shape output = size.output;
    output.channels = size.width / static_cast<std::int64_t>(cell.branches.size());
    for (const Operator branch : cell.branches) {
        const std::int64_t kernel = kernel_size(branch);
        if (is_separable(branch)) {
            costs += convolution(1, size.input, kernel, false);
            costs += convolution(size.input.channels, output, 1, true);
        } else {
            costs += convolution(size.input.channels, output, kernel, true);
        }
    }
    return costs;
}

} // namespace

EnvelopeCosts& EnvelopeCosts::operator+=(const EnvelopeCosts& other) {
    if (__builtin_add_overflow(parameters, other.parameters, &parameters) ||
        __builtin_add_overflow(macs, other.macs, &macs)) {
        throw support::UsageError("a network this large cannot be counted");
    }
    return *this;
}

EnvelopeCosts entry_costs(const EnvelopeNetwork& network, const std::vector<EntryLayout>& sizes, int number) {
    const EntryLayout& size = sizes.at(static_cast<std::size_t>(number));
    if (number == 0) {
        return convolution(size.joined, size.output, network.initial_kernel, true);
    }
    if (const Cell* const cell = network.cell(number)) {
        return cell_costs(*cell, size);
    }
    Shape filters = size.output;
    filters.channels = size.width;
    return convolution(size.input.channels, filters, 3, true);
}

EnvelopeCosts network_costs(const EnvelopeNetwork& network, Shape image, std::int64_t classes) {
    if (image.channels < 1 || image.height < 1 || image.width < 1 || image.prefix != 0 || classes < 1) {
        throw support::UsageError(
            fmt::format("a network for images of {} x {} x {} and {} classes cannot be counted",
                        image.channels, image.height, image.width, classes));
    }
    const auto sizes = layout(network, image);
    EnvelopeCosts costs;
    for (int number = 0; number < static_cast<int>(sizes.size()); ++number) {
        costs += entry_costs(network, sizes, number);
    }
    const std::int64_t weights = multiply({sizes.back().output.channels, classes});
    return costs += {weights + classes, weights};
}

} // namespace tessera::nas::construction
