// Filters whose outputs can be watched while a network works.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

namespace tessera::search_spaces {

/// Sees the outputs of a module's filters: B x C x H x W, or B x L x C of tokens, after the activation.
struct FilterObserver {
    virtual ~FilterObserver() = default;
    virtual void see(const torch::Tensor& map) = 0;
};

/// Filters that lie side by side in a map: a branch.
struct FilterGroup {
    std::string name; ///< empty where a module has one group
    std::int64_t filters = 0;
};

/// A module with filters. It shows each of its maps to the observer, where there is one.
class FilterSource {
public:
    FilterSource() = default;
    FilterSource(const FilterSource&) {} // who looks at a module does not look at its copies
    FilterSource& operator=(const FilterSource&) { return *this; }
    virtual ~FilterSource() = default;
    /// The groups of its map's channels, in their order.
    virtual std::vector<FilterGroup> filter_groups() const = 0;
    /// Not owned; nullptr: nobody looks.
    void observe_with(FilterObserver* observer) { observer_ = observer; }

protected:
    void show(const torch::Tensor& map) const {
        if (observer_ != nullptr) {
            observer_->see(map);
        }
    }

private:
    FilterObserver* observer_ = nullptr;
};

} // namespace tessera::search_spaces
