#include "nas/search/certified/search.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "support/interrupt.h"

namespace tessera::nas::certified {

BranchAndBound::BranchAndBound(const TableModel& model, const CertifiedOptions& options)
    : system_(model), options_(options), archive_(system_),
      ledger_(system_, archive_, options.target_gap / 4), bounder_(system_, archive_, ledger_) {}

bool BranchAndBound::later(const Open& a, const Open& b) {
    return a.box.depth != b.box.depth ? a.box.depth < b.box.depth : a.number < b.number;
}

SearchResult BranchAndBound::run() {
    Box all;
    for (const int n : system_.model.choices) {
        all.choices.emplace_back();
        for (int i = 0; i < n; ++i) {
            all.choices.back().push_back(i);
        }
    }
    push(std::move(all), unbounded);
    std::uint64_t next = 0;
    while (!open_.empty()) {
        support::check_interrupt();
        std::uint64_t done = bounder_.steps() + checks_;
        if (done >= next || done >= options_.work) {
            const std::uint64_t before = checks_;
            const double missing = gap();
            const std::uint64_t check = checks_ - before;
            done += check;
            if (options_.progress) {
                options_.progress(missing, done);
            }
            if (missing == 0 || missing <= options_.target_gap || done >= options_.work) {
                break;
            }
            next = done + std::max({std::uint64_t{1'000'000}, done / 8, 8 * check});
        }
        step();
    }
    SearchResult result;
    result.front = archive_.front();
    result.gap = gap();
    result.ended = ended(*result.gap);
    return result;
}

std::string BranchAndBound::ended(double gap) const {
    if (archive_.entries().empty()) {
        return gap == 0 ? fmt::format("certified: no genome meets the bounds, {} boxes", boxes_)
                        : fmt::format("nothing that meets the bounds was found, {} boxes", boxes_);
    }
    return gap == 0 ? fmt::format("certified: nothing is missing, {} boxes", boxes_)
                    : fmt::format("certified: at most {:.2g} % of the hypervolume is missing, {} boxes",
                                  100 * gap, boxes_);
}

void BranchAndBound::push(Box box, double depth) {
    ++boxes_;
    if (bounder_.bound(box, depth)) {
        open_.push_back({std::move(box), boxes_});
        std::ranges::push_heap(open_, later);
    }
}

void BranchAndBound::step() {
    std::ranges::pop_heap(open_, later);
    Box box = std::move(open_.back().box);
    open_.pop_back();
    const double depth = ledger_.settle(box.points);
    if (box.points.empty()) {
        return; // what was open when the box was bounded is settled by now
    }
    for (Box& part : split(system_, box)) {
        push(std::move(part), depth);
    }
}

Region BranchAndBound::bounding_region() const {
    Region all = ledger_.conceded();
    for (const Open& o : open_) {
        for (std::size_t i = 0; i < o.box.points.size(); i += system_.sought) {
            all.add(o.box.points.data() + i);
        }
    }
    return all;
}

std::vector<Candidate> BranchAndBound::bound() const {
    const Region all = bounding_region();
    std::vector<Candidate> bound;
    for (std::size_t i = 0; i < all.size(); ++i) {
        bound.push_back(system_.point({all.point(i), system_.sought}));
    }
    return bound;
}

double BranchAndBound::gap() {
    const Region all = bounding_region();
    checks_ += (all.scanned() - ledger_.conceded().scanned()) / 4 + 8 * all.size();
    bool reached_all = true;
    for (std::size_t i = 0; i < all.size() && reached_all; ++i) {
        reached_all = archive_.region().covers(all.point(i));
    }
    if (reached_all) {
        return 0;
    }
    const auto objectives = system_.model.objectives();
    const std::vector<Candidate> front = archive_.front(), possible = bound();
    std::vector<Candidate> both = front;
    both.insert(both.end(), possible.begin(), possible.end());
    const Scaling scaling = Scaling::of(both, objectives);
    const double reached = hypervolume(front, objectives, scaling);
    const double most = hypervolume(possible, objectives, scaling);
    // Never 0 by rounding where something may be missing.
    return front.empty() ? 1 : std::max(1 - reached / most, std::numeric_limits<double>::epsilon());
}

} // namespace tessera::nas::certified
