#include "nas/search/certified_search.h"

#include <algorithm>

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
        const std::uint64_t done = bounder_.steps();
        if (done >= next || done >= options_.work) {
            const double missing = gap();
            if (options_.progress) {
                options_.progress(missing, done);
            }
            if (missing <= options_.target_gap || done >= options_.work) {
                break;
            }
            next = done + std::max<std::uint64_t>(1'000'000, done / 8);
        }
        step();
    }
    SearchResult result;
    result.front = archive_.front();
    result.gap = gap();
    result.ended = fmt::format("certified: at most {:.2g} % of the hypervolume is missing, {} boxes",
                               100 * *result.gap, boxes_);
    return result;
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
    if (box.choices[box.block].size() == 1) {
        push(std::move(box), depth);
        return;
    }
    for (Box& part : bounder_.split(box)) {
        push(std::move(part), depth);
    }
}

std::vector<Candidate> BranchAndBound::bound() const {
    std::vector<double> points;
    for (const Open& o : open_) {
        points.insert(points.end(), o.box.points.begin(), o.box.points.end());
    }
    return ledger_.bound(points);
}

double BranchAndBound::gap() const {
    const auto objectives = system_.model.objectives();
    const std::vector<Candidate> front = archive_.front(), possible = bound();
    std::vector<Candidate> both = front;
    both.insert(both.end(), possible.begin(), possible.end());
    const Scaling scaling = Scaling::of(both, objectives);
    const double reached = hypervolume(front, objectives, scaling);
    const double most = hypervolume(possible, objectives, scaling);
    return most > reached ? 1 - reached / most : 0;
}

} // namespace tessera::nas::certified
