#include <nlohmann/json.hpp>
#include <tbb/parallel_for.h>

#include "predictors/accuracy_predictor.h"
#include "predictors/fitting.h"
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
    for (const Fitted& f : fit_each(samples, options)) {
        report.compared.push_back({f.regression.form, f.regression.target, f.regression.weight,
                                   f.regression.model.lambda, f.rmse, kendall_tau_b(f.left_out, truth)});
    }
    report.held_out.resize(n);
    tbb::parallel_for(std::size_t{0}, n, [&](std::size_t i) {
        report.held_out[i] =
            AccuracyPredictor::fit(without(samples, i), options).predict(samples[i].qualities);
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
    out["schema"] = "tessera-honesty-2";
    out["samples"] = held_out.size();
    out["tau"] = tau;
    out["rho"] = rho;
    out["rmse"] = rmse;
    out["top_k"] = top_k;
    out["top_tau"] = top_tau;
    out["top_precision"] = top_precision;
    out["covered"] = covered;
    out["baseline_rmse"] = baseline_rmse;
    out["compared"] = Json::array();
    for (const Compared& c : compared) {
        out["compared"].push_back({{"form", to_text(c.form)},
                                   {"target", to_text(c.target)},
                                   {"weight", c.weight},
                                   {"lambda", c.lambda},
                                   {"rmse", c.rmse},
                                   {"tau", c.tau}});
    }
    out["held_out"] = Json::array();
    for (const Prediction& p : held_out) {
        out["held_out"].push_back({{"accuracy", p.accuracy}, {"low", p.low}, {"high", p.high}});
    }
    return out.dump(1) + "\n";
}

} // namespace tessera::predictors
