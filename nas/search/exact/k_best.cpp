#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "nas/search/exact.h"
#include "nas/search/exact/labels.h"
#include "nas/search/exact/sweep.h"
#include "support/error.h"
#include "support/interrupt.h"

namespace tessera::nas {
namespace {

using namespace exact;

/// Of labels in order of cost, then genome: those that fewer than `count` others surely beat, whatever both
/// are completed with. Surely: no bound asks less of them, and they cost so much less that rounding cannot
/// make up for it, or no more and their genome is the smaller.
class BestKept {
public:
    BestKept(const Columns& q, const std::vector<std::uint64_t>& genome, std::size_t count, double margin)
        : q_(q), genome_(genome), count_(count), margin_(margin) {}

    std::vector<std::uint32_t> of(std::span<const std::uint32_t> order) {
        std::size_t seen = 0;
        for (const std::uint32_t i : order) {
            if (seen++ % rows_between_checks == 0) {
                support::check_interrupt();
            }
            for (; far_ < kept_.size() && q_[0][kept_[far_]] < q_[0][i] - margin_; ++far_) {
                if (q_.size() == 2) {
                    remember(q_[1][kept_[far_]]);
                }
            }
            if (q_.size() == 1 && far_ >= count_) {
                break; // and so are all that follow
            }
            if (!beaten(i)) {
                kept_.push_back(i);
            }
        }
        return std::move(kept_);
    }

private:
    /// The `count` smallest second numbers of those that cost surely less.
    void remember(double second) {
        least_.push_back(second);
        std::push_heap(least_.begin(), least_.end());
        if (least_.size() > count_) {
            std::pop_heap(least_.begin(), least_.end());
            least_.pop_back();
        }
    }
    bool beaten(std::uint32_t i) const {
        std::size_t by = 0;
        if (q_.size() == 2) {
            if (least_.size() == count_ && least_.front() <= q_[1][i]) {
                return true;
            }
            by = static_cast<std::size_t>(
                std::count_if(least_.begin(), least_.end(), [&](double v) { return v <= q_[1][i]; }));
        } else if (q_.size() == 1) {
            by = far_;
        } else {
            for (std::size_t k = 0; k < far_ && by < count_; ++k) {
                by += asks_less(kept_[k], i) ? 1 : 0;
            }
        }
        for (std::size_t k = kept_.size(); k-- > far_ && by < count_;) {
            by += genome_[kept_[k]] < genome_[i] && asks_less(kept_[k], i) ? 1 : 0;
        }
        return by >= count_;
    }
    bool asks_less(std::uint32_t a, std::uint32_t b) const {
        std::size_t d = 1;
        while (d < q_.size() && q_[d][a] <= q_[d][b]) {
            ++d;
        }
        return d == q_.size();
    }

    const Columns& q_;
    const std::vector<std::uint64_t>& genome_;
    std::size_t count_;
    double margin_;
    std::vector<std::uint32_t> kept_;
    std::size_t far_ = 0; ///< so many of them cost surely less
    std::vector<double> least_;
};

/// Keeps those that may be completed to one of the `count` best. `genomes`: their order by genome.
void keep_best(Labels& labels, const std::vector<std::uint64_t>& genomes, std::size_t count, double margin) {
    const Columns cost{labels.q[0]}; // not by what bounds ask
    const auto order = in_order(cost, labels.size(),
                                [&](std::uint32_t a, std::uint32_t b) { return genomes[a] < genomes[b]; });
    labels.keep(BestKept(labels.q, genomes, count, margin).of(order));
}

/// Labels of more and more blocks, the column's cost first.
class BestBeginnings {
public:
    BestBeginnings(const Dimensions& dimensions, std::size_t count, std::size_t limit)
        : all_(dimensions), count_(count), limit_(limit), ancestry_(all_.choices.size()),
          labels_(all_.of.size()) {
        const Dimension& cost = all_.of[0];
        margin_ = cost.join == Join::sum ? cost.rounding : infinite;
        labels_.resize(1);
        for (std::size_t d = 0; d < all_.of.size(); ++d) {
            labels_.q[d][0] = all_.of[d].start;
        }
    }
    void add(std::size_t block) {
        Labels choices(all_.of.size());
        choices.resize(all_.choices[block].size());
        std::vector<std::uint64_t> genomes;
        for (std::size_t i = 0; i < choices.size(); ++i) {
            genomes.push_back(choices.origin[i].choice = all_.choices[block][i]);
            for (std::size_t d = 0; d < all_.of.size(); ++d) {
                choices.q[d][i] = all_.of[d].values[block][i];
            }
        }
        keep_best(choices, genomes, count_, margin_);
        Labels next(all_.of.size());
        std::size_t room = std::size_t{1} << 20;
        for (std::size_t j = 0; j < choices.size(); ++j) {
            support::check_interrupt();
            join(choices, j, block + 1, next);
            if (next.size() > room) {
                tidy(next);
                room = std::max(room, 2 * next.size());
            }
        }
        tidy(next);
        labels_ = std::move(next);
        ancestry_.add(labels_.origin);
    }
    const Labels& labels() const { return labels_; }
    const Ancestry& ancestry() const { return ancestry_; }

private:
    void join(const Labels& choices, std::size_t j, std::size_t done, Labels& next) const {
        std::vector<double> row(all_.of.size());
        for (std::uint32_t i = 0; i < labels_.size(); ++i) {
            bool within = true;
            for (std::size_t d = 0; d < row.size(); ++d) {
                const Dimension& dimension = all_.of[d];
                row[d] =
                    std::max(joined(dimension.join, labels_.q[d][i], choices.q[d][j]), dimension.clip[done]);
                within &= row[d] <= dimension.cut[done];
            }
            if (within) {
                for (std::size_t d = 0; d < row.size(); ++d) {
                    next.q[d].push_back(row[d]);
                }
                next.origin.push_back({i, choices.origin[j].choice});
            }
        }
    }
    void tidy(Labels& next) {
        const auto& ranks = ancestry_.ranks();
        std::vector<std::uint64_t> genomes;
        genomes.reserve(next.size());
        for (const Origin& o : next.origin) {
            genomes.push_back(std::uint64_t{ranks[o.parent]} << 32 | o.choice);
        }
        keep_best(next, genomes, count_, margin_);
        if (ancestry_.size() + next.size() > limit_) {
            throw support::RunError(
                fmt::format("the {} best take more than {} partial architectures: ask for "
                            "fewer, drop bounds or raise the limit",
                            count_, limit_));
        }
    }

    const Dimensions& all_;
    std::size_t count_, limit_;
    double margin_ = 0;
    Ancestry ancestry_;
    Labels labels_;
};

} // namespace

std::vector<Candidate> k_best(const TableModel& model, std::size_t column, std::size_t count,
                              const ExactOptions& options) {
    require_additive(model);
    if (column >= model.columns.size()) {
        throw std::invalid_argument("there is no such column");
    }
    std::vector<bool> sought(model.columns.size(), false);
    sought[column] = true;
    const Dimensions dimensions = dimensions_of(model, sought);
    std::vector<Candidate> best;
    if (!dimensions.feasible || count == 0) {
        return best;
    }
    BestBeginnings beginnings(dimensions, count, std::min(options.label_limit, std::size_t{1} << 31));
    for (std::size_t b = 0; b < model.choices.size() && beginnings.labels().size() > 0; ++b) {
        beginnings.add(b);
    }
    for (std::size_t i = 0; i < beginnings.labels().size() && best.size() < count; ++i) {
        Candidate c = model.candidate(beginnings.ancestry().genome(i));
        if (c.feasible()) {
            best.push_back(std::move(c));
        }
    }
    return best;
}

} // namespace tessera::nas
