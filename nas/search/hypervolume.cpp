#include <algorithm>
#include <iterator>
#include <map>

#include <tbb/parallel_for.h>

#include "nas/search/front.h"
#include "nas/search/search.h"

namespace tessera::nas {
namespace {

constexpr double reference = 1.1;
using Point = std::vector<double>; // scaled, within [0, reference)

/// The area that a growing set of points covers within the reference: a staircase, x rising, y falling.
class Staircase {
public:
    double area() const { return area_; }
    void add(double x, double y) {
        auto next = steps_.upper_bound(x);
        double height = std::prev(next)->second, left = x;
        if (height <= y) {
            return;
        }
        while (next->second >= y) {
            area_ += (next->first - left) * (height - y);
            left = next->first;
            height = next->second;
            next = steps_.erase(next);
        }
        area_ += (next->first - left) * (height - y);
        steps_.insert_or_assign(x, y);
    }

private:
    std::map<double, double> steps_{{-1.0, reference}, {reference, -1.0}}; // sentinels left and right
    double area_ = 0;
};

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

} // namespace

double hypervolume(std::span<const Candidate> candidates, std::span<const Objective> objectives,
                   const Scaling& scaling) {
    std::vector<Point> points;
    for (const Candidate& c : candidates) {
        if (!c.feasible()) {
            continue;
        }
        Point p;
        for (std::size_t k = 0; k < objectives.size(); ++k) {
            if (objectives[k].bounds_only) {
                continue;
            }
            const double scaled = (c.values[k] - scaling.ideal[k]) / (scaling.nadir[k] - scaling.ideal[k]);
            p.push_back(std::max(scaled, 0.0));
        }
        if (std::all_of(p.begin(), p.end(), [](double v) { return v < reference; })) {
            points.push_back(std::move(p));
        }
    }
    const auto sought = std::ranges::count_if(objectives, [](const Objective& o) { return !o.bounds_only; });
    return volume(std::move(points), static_cast<std::size_t>(sought));
}

std::vector<double> hypervolume_curve(const SearchResult& result, const Problem& problem,
                                      const Scaling& scaling) {
    std::vector<double> curve(result.generation_fronts.size());
    tbb::parallel_for(std::size_t{0}, curve.size(), [&](std::size_t g) {
        std::vector<Candidate> front;
        for (const std::size_t i : result.generation_fronts[g]) {
            front.push_back(result.evaluated[i]);
        }
        curve[g] = hypervolume(front, problem.objectives, scaling);
    });
    return curve;
}

} // namespace tessera::nas
