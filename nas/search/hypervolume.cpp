#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <tbb/parallel_for.h>

#include "nas/search/front.h"
#include "nas/search/search.h"

namespace tessera::nas {
namespace {

constexpr double reference = 1.1;
using Point = std::vector<double>; // scaled, within [0, reference)

/// The area that a growing set of points covers within the reference: a staircase, x rising, y falling, in
/// one array, which is quicker than a tree for the few thousand steps that there are.
class Staircase {
public:
    double area() const { return area_; }
    void add(double x, double y) {
        const auto next = std::upper_bound(steps_.begin(), steps_.end(), x,
                                           [](double v, const Step& s) { return v < s.x; });
        double height = std::prev(next)->y, left = x;
        if (height <= y) {
            return;
        }
        auto last = next;
        for (; last->y >= y; ++last) {
            area_ += (last->x - left) * (height - y);
            left = last->x;
            height = last->y;
        }
        area_ += (last->x - left) * (height - y);
        const auto first = std::prev(next)->x == x ? std::prev(next) : next;
        if (first == last) {
            steps_.insert(first, {x, y});
        } else {
            *first = {x, y};
            steps_.erase(first + 1, last);
        }
    }

private:
    struct Step {
        double x, y;
    };
    std::vector<Step> steps_{{-1.0, reference}, {reference, -1.0}}; // sentinels left and right
    double area_ = 0;
};

/// Of pairs; those of a front come sorted.
double area(std::vector<std::pair<double, double>>& points) {
    if (std::is_sorted(points.rbegin(), points.rend())) {
        std::reverse(points.begin(), points.end());
    } else if (!std::is_sorted(points.begin(), points.end())) {
        std::sort(points.begin(), points.end());
    }
    double sum = 0, height = reference;
    for (const auto& [x, y] : points) {
        if (y < height) {
            sum += (reference - x) * (height - y);
            height = y;
        }
    }
    return sum;
}

bool covers(const Point& a, const Point& b, std::size_t width) {
    for (std::size_t k = 0; k < width; ++k) {
        if (a[k] > b[k]) {
            return false;
        }
    }
    return true;
}

/// Of the points' first `width` coordinates. Slices along the last of them: between two of its values the
/// slice is the volume, one dimension lower, of the points met so far.
double volume(std::vector<Point> points, std::size_t width) {
    if (points.empty() || width == 0) {
        return 0;
    }
    std::sort(points.begin(), points.end(),
              [&](const Point& a, const Point& b) { return a[width - 1] < b[width - 1]; });
    if (width == 1) {
        return reference - points[0][0];
    }
    if (width == 2) {
        Staircase stairs;
        for (const Point& p : points) {
            stairs.add(p[0], p[1]);
        }
        return stairs.area();
    }
    double sum = 0, slice = 0;
    Staircase stairs;
    std::vector<Point> met; // mutually non-dominated in the lower dimensions
    for (std::size_t i = 0; i < points.size(); ++i) {
        const Point& p = points[i];
        if (width == 3) {
            stairs.add(p[0], p[1]);
            slice = stairs.area();
        } else if (std::none_of(met.begin(), met.end(),
                                [&](const Point& m) { return covers(m, p, width - 1); })) {
            std::erase_if(met, [&](const Point& m) { return covers(p, m, width - 1); });
            met.push_back(p);
            slice = volume(met, width - 1);
        }
        const double next = i + 1 < points.size() ? points[i + 1][width - 1] : reference;
        sum += slice * (next - p[width - 1]);
    }
    return sum;
}

/// Of candidates given by a function of 0..count-1.
template <class Get>
double hypervolume_of(std::size_t count, const Get& get, std::span<const Objective> objectives,
                      const Scaling& scaling) {
    std::vector<std::size_t> sought;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        if (!objectives[k].bounds_only) {
            sought.push_back(k);
        }
    }
    const auto scaled = [&](const Candidate& c, std::size_t k) {
        return std::max((c.values[k] - scaling.ideal[k]) / (scaling.nadir[k] - scaling.ideal[k]), 0.0);
    };
    if (sought.size() == 2) {
        std::vector<std::pair<double, double>> points;
        points.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            const Candidate& c = get(i);
            if (c.feasible()) {
                points.emplace_back(scaled(c, sought[0]), scaled(c, sought[1]));
                if (!(points.back().first < reference && points.back().second < reference)) {
                    points.pop_back();
                }
            }
        }
        return area(points);
    }
    std::vector<Point> points;
    Point p(sought.size());
    for (std::size_t i = 0; i < count; ++i) {
        const Candidate& c = get(i);
        if (c.feasible()) {
            std::ranges::transform(sought, p.begin(), [&](std::size_t k) { return scaled(c, k); });
            if (std::ranges::all_of(p, [](double v) { return v < reference; })) {
                points.push_back(p);
            }
        }
    }
    return volume(std::move(points), sought.size());
}

} // namespace

double hypervolume(std::span<const Candidate> candidates, std::span<const Objective> objectives,
                   const Scaling& scaling) {
    return hypervolume_of(
        candidates.size(), [&](std::size_t i) -> const Candidate& { return candidates[i]; }, objectives,
        scaling);
}

std::vector<double> hypervolume_curve(const SearchResult& result, const Problem& problem,
                                      const Scaling& scaling) {
    std::vector<double> curve(result.generation_fronts.size());
    tbb::parallel_for(std::size_t{0}, curve.size(), [&](std::size_t g) {
        const auto& front = result.generation_fronts[g];
        curve[g] = hypervolume_of(
            front.size(), [&](std::size_t i) -> const Candidate& { return result.evaluated[front[i]]; },
            problem.objectives, scaling);
    });
    return curve;
}

} // namespace tessera::nas
