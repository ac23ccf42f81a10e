#include <nlohmann/json.hpp>

#include "predictors/accuracy_predictor.h"
#include "predictors/fitting.h"
#include "predictors/held_out.h"
#include "predictors/ranking.h"

namespace tessera::predictors {
namespace {

constexpr std::size_t least_samples = 5; // so that four are left to fit on

} // namespace

HonestyReport assess(std::span<const Sample> samples, const FitOptions& options) {
    check_samples(samples, least_samples);
    const std::size_t n = samples.size();
    std::vector<double> truth;
    for (const Sample& s : samples) {
        truth.push_back(s.accuracy);
    }

    HonestyReport report;
    report.held_out.resize(n);
    std::vector<double> expected;
    for (const Sample& s : samples) {
        expected.push_back(AccuracyPredictor::expected_order(s.qualities));
    }
    report.unfitted_tau = kendall_tau_b(expected, truth);
    leave_out(samples, [&](std::span<const Sample> others, std::span<const std::size_t> left_out) {
        const auto predictor = AccuracyPredictor::fit(others, options);
        for (const std::size_t i : left_out) {
            report.held_out[i] = predictor.predict(samples[i].qualities, samples[i].choices);
        }
    });

    double sum = 0;
    for (const double accuracy : truth) {
        sum += accuracy;
    }
    std::vector<double> predicted, mean_of_others;
    std::size_t covered = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const Prediction& p = report.held_out[i];
        predicted.push_back(p.accuracy);
        mean_of_others.push_back((sum - truth[i]) / static_cast<double>(n - 1));
        covered += p.low <= truth[i] && truth[i] <= p.high ? 1 : 0;
    }
    report.tau = kendall_tau_b(predicted, truth);
    report.rho = spearman_rho(predicted, truth);
    report.rmse = rmse(predicted, truth);
    report.top_k = top_count(n);
    report.top_tau = top_tau(predicted, truth, report.top_k);
    report.top_precision = precision_at(predicted, truth, report.top_k);
    report.covered = static_cast<double>(covered) / static_cast<double>(n);
    report.baseline_rmse = rmse(mean_of_others, truth);
    return report;
}

std::string HonestyReport::json() const {
    using Json = nlohmann::ordered_json;
    Json out; // a measure that is not defined (NaN, on constant accuracies) becomes null
    out["schema"] = "tessera-honesty-3";
    out["samples"] = held_out.size();
    out["tau"] = tau;
    out["rho"] = rho;
    out["rmse"] = rmse;
    out["top_k"] = top_k;
    out["top_tau"] = top_tau;
    out["top_precision"] = top_precision;
    out["unfitted_tau"] = unfitted_tau;
    out["covered"] = covered;
    out["baseline_rmse"] = baseline_rmse;
    out["held_out"] = Json::array();
    for (const Prediction& p : held_out) {
        out["held_out"].push_back({{"accuracy", p.accuracy}, {"low", p.low}, {"high", p.high}});
    }
    return out.dump(1) + "\n";
}

} // namespace tessera::predictors
