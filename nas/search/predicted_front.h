// The front of what was evaluated together with what a surrogate expects of genomes that were not.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nas/search/evaluation.h"
#include "nas/search/front_members.h"
#include "nas/search/steering.h"
#include "nas/search/surrogate.h"

namespace tessera::nas {

/// Grows by variation of its members, screened by the surrogate alone, and says which of the genomes it
/// holds are worth an evaluation.
class PredictedFront {
public:
    PredictedFront(const Problem& problem, const Evaluation& evaluation, const Surrogate& surrogate,
                   const Steering& steering, support::Rng& rng);

    /// The archive, and of the predicted members those that are still unevaluated and stand up to it.
    void update(std::span<const Candidate> evaluated);
    /// Tries so many variations of members; those that nothing covers join. Stops where more than `open`
    /// members are unevaluated.
    void grow(std::size_t trials, std::size_t open);
    /// Genomes of at most `count` unevaluated members: in two dimensions those that, one by one, add most to
    /// the hypervolume; beyond, the least crowded. They are open no longer,
    /// and are to be evaluated. The spans hold until another member function is called.
    std::vector<std::span<const int>> take(std::size_t count);
    std::size_t size() const { return members_.size(); }

private:
    /// Numbers of places in `genes_`, `misses_`, `states_`.
    using Slot = FrontMembers::Slot;
    enum State : char { unusable, evaluated_known, predicted, taken };

    std::span<const int> genes(Slot slot) const { return {genes_.data() + slot * blocks_, blocks_}; }
    const double* misses(Slot slot) const { return misses_.data() + slot * objectives_; }
    Slot new_slot(std::span<const int> genes, State state);
    void rebuild(std::span<const Candidate> evaluated);
    void follow(std::span<const Candidate> evaluated);
    void add_evaluated(std::span<const Candidate> evaluated, std::size_t index);
    bool vary(std::size_t parent, int* child);
    void draw_children(std::size_t tried);
    void screen_children();
    void admit_children();
    std::span<const int> child(std::size_t c) const { return {children_.data() + c * blocks_, blocks_}; }
    const double* inherit(Slot parent);
    bool expect(std::span<const int> genome, const double* misses, double* row);
    void merge();

    const Problem& problem_;
    const Evaluation& evaluation_;
    const Surrogate& surrogate_;
    const Steering& steering_;
    support::Rng& rng_;
    std::size_t blocks_, objectives_, width_;
    FrontMembers members_;
    std::vector<std::size_t> sought_;
    std::vector<double> signs_;
    std::vector<std::size_t> free_blocks_; ///< that have a choice
    bool bounded_ = false;
    std::uint64_t version_ = 0;
    std::size_t followed_ = 0, open_ = 0; ///< candidates seen; unevaluated members

    std::vector<int> genes_;
    std::vector<double> misses_; ///< true value less the guess, or what is expected of it
    std::vector<char> states_;
    std::vector<std::uint32_t> tries_; ///< how often a member was varied
    std::vector<Slot> unused_;

    // A round of variations, and those of them that are not plainly covered, with rows of costs side by side.
    std::vector<int> children_;
    std::vector<Slot> parents_;
    std::vector<std::uint32_t> screened_;
    std::vector<double> screened_rows_;
    std::vector<double> row_, values_, missed_;
};

} // namespace tessera::nas
