#include "nas/search/exact.h"

#include <algorithm>

#include "nas/search/exact/certificate.h"
#include "nas/search/exact/labels.h"
#include "nas/search/exact/sweep.h"
#include "support/interrupt.h"

namespace tessera::nas {
namespace {

using namespace exact;

/// Labels of more and more blocks.
class Blocks {
public:
    Blocks(const Dimensions& dimensions, std::size_t limit)
        : all_(dimensions), limit_(std::min(limit, std::size_t{1} << 31)), ancestry_(all_.choices.size()),
          labels_(all_.of.size()), error_(all_.of.size(), 0.0) {
        labels_.resize(1);
        for (std::size_t d = 0; d < all_.of.size(); ++d) {
            active_.push_back(d);
            labels_.q[d][0] = all_.of[d].start;
        }
    }
    void add(std::size_t block) {
        const std::size_t blocks = all_.choices.size(), left = blocks - block;
        const std::size_t most = (limit_ - std::min(limit_, ancestry_.size())) / left;
        Joining joining;
        Labels choices(active_.size());
        choices.resize(all_.choices[block].size());
        std::vector<double> error;
        for (std::size_t a = 0; a < active_.size(); ++a) {
            const Dimension& d = all_.of[active_[a]];
            error.push_back(error_[active_[a]]);
            joining.join.push_back(d.join);
            joining.cut.push_back(d.cut[block + 1] + error.back());
            joining.clip.push_back(d.clip[block + 1]);
            choices.q[a] = d.values[block];
        }
        for (std::size_t i = 0; i < choices.size(); ++i) {
            choices.origin[i].choice = all_.choices[block][i];
        }
        choices = undominated_choices(std::move(choices), joining.join);
        labels_ = extended(labels_, choices, joining, ancestry_, std::max<std::size_t>(most, 1), error);
        for (std::size_t a = 0; a < active_.size(); ++a) {
            error_[active_[a]] = error[a];
        }
        ancestry_.add(labels_.origin);
        drop_settled(block + 1);
    }
    const Labels& labels() const { return labels_; }
    const Ancestry& ancestry() const { return ancestry_; }
    bool exact() const {
        return std::all_of(error_.begin(), error_.end(), [](double e) { return e == 0; });
    }
    /// See BoundPoints.
    BoundPoints bound() const {
        BoundPoints points(labels_.size());
        for (std::size_t d = 0; d < all_.sought; ++d) {
            for (std::size_t i = 0; i < points.size(); ++i) {
                points[i].push_back(labels_.q[d][i] - error_[d] - all_.of[d].rounding);
            }
        }
        return points;
    }

private:
    /// Bounds that every label meets, whatever follows, ask for nothing any more.
    void drop_settled(std::size_t done) {
        for (std::size_t a = active_.size(); a-- > all_.sought;) {
            const Dimension& d = all_.of[active_[a]];
            const double settled = d.join == Join::sum ? d.clip[done] : 0;
            const auto& q = labels_.q[a];
            if (std::all_of(q.begin(), q.end(), [&](double v) { return v <= settled; })) {
                active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(a));
                labels_.q.erase(labels_.q.begin() + static_cast<std::ptrdiff_t>(a));
            }
        }
    }

    const Dimensions& all_;
    std::size_t limit_;
    Ancestry ancestry_;
    Labels labels_;
    std::vector<std::size_t> active_; ///< the dimensions that the labels still have
    std::vector<double> error_;       ///< by dimension
};

/// As non_dominated(), faster from three objectives on.
std::vector<Candidate> front_of_candidates(std::vector<Candidate> candidates, const TableModel& model) {
    std::erase_if(candidates, [](const Candidate& c) { return !c.feasible(); });
    Columns costs;
    bool descending = false;
    for (std::size_t k = 0; k < model.columns.size(); ++k) {
        const Objective& o = model.columns[k].objective;
        if (o.bounds_only) {
            continue;
        }
        const double sign = o.direction == Direction::minimize ? 1 : -1;
        descending |= costs.empty() && sign < 0;
        auto& cost = costs.emplace_back();
        for (const Candidate& c : candidates) {
            cost.push_back(sign * c.values[k]);
        }
    }
    auto kept = undominated(costs, candidates.size(), [&](std::uint32_t a, std::uint32_t b) {
        return candidates[a].genome < candidates[b].genome;
    });
    if (descending) {
        std::reverse(kept.begin(), kept.end());
    }
    std::vector<Candidate> front;
    front.reserve(kept.size());
    for (const std::uint32_t i : kept) {
        front.push_back(std::move(candidates[i]));
    }
    return front;
}

} // namespace

SearchResult exact_front(const TableModel& model, const ExactOptions& options) {
    require_additive(model);
    std::vector<bool> sought;
    for (const TableColumn& column : model.columns) {
        sought.push_back(!column.objective.bounds_only);
    }
    const Dimensions dimensions = dimensions_of(model, sought);
    SearchResult result;
    result.gap = 0;
    if (dimensions.feasible) {
        Blocks blocks(dimensions, options.label_limit);
        for (std::size_t b = 0; b < model.choices.size() && blocks.labels().size() > 0; ++b) {
            blocks.add(b);
        }
        std::vector<Candidate> candidates;
        candidates.reserve(blocks.labels().size());
        for (std::size_t i = 0; i < blocks.labels().size(); ++i) {
            if (i % rows_between_checks == 0) {
                support::check_interrupt();
            }
            candidates.push_back(model.candidate(blocks.ancestry().genome(i)));
        }
        if (blocks.exact()) {
            result.front = front_of_candidates(std::move(candidates), model);
        } else {
            Supported extra;
            if (has_supported(model)) {
                extra = supported(model);
                // No genome within bounds lies beyond them.
                std::erase_if(extra.bound, [&](const auto& point) {
                    return point[0] > dimensions.of[0].bound || point[1] > dimensions.of[1].bound;
                });
                for (auto& genome : extra.genomes) {
                    candidates.push_back(model.candidate(std::move(genome)));
                }
            }
            result.front = front_of_candidates(std::move(candidates), model);
            result.gap = gap_to(result.front, blocks.bound(), model);
            if (!extra.bound.empty()) {
                result.gap = std::min(*result.gap, gap_to(result.front, extra.bound, model));
            }
        }
    }
    result.ended = ending_of(result, model);
    return result;
}

} // namespace tessera::nas
