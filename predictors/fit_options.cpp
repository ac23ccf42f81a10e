#include <stdexcept>
#include <string_view>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {
namespace {

const support::EnumNames<Form>& forms() {
    static const support::EnumNames<Form> names = {{"automatic", Form::automatic},
                                                   {"linear", Form::linear},
                                                   {"additive", Form::additive},
                                                   {"second_order", Form::second_order}};
    return names;
}

const support::EnumNames<Target>& targets() {
    static const support::EnumNames<Target> names = {
        {"automatic", Target::automatic}, {"accuracy", Target::accuracy}, {"log_error", Target::log_error}};
    return names;
}

template <class E>
std::string_view spelling(E value, const support::EnumNames<E>& names) {
    for (const auto& [text, member] : names) {
        if (member == value) {
            return text;
        }
    }
    throw std::logic_error("enumeration without a spelling");
}

} // namespace

FitOptions FitOptions::read(support::Section section) {
    FitOptions options;
    section.read("form", options.form, forms(),
                 "Features of the block qualities that the accuracy is regressed on; automatic: the mean of "
                 "all three, weighted by "
                 "how well each predicts what it was not fitted on.");
    section.read("target", options.target, targets(),
                 "Scale in which the accuracy is regressed; automatic: both, averaged likewise.");
    section.read("coverage", options.coverage, {0.5, 0.99},
                 "Share of networks that the prediction interval should cover.");
    section.read("monotone", options.monotone,
                 "More noise in a block never raises the predicted accuracy; false: plain ridge.");
    section.finish();
    return options;
}

std::string_view to_text(Form form) { return spelling(form, forms()); }
std::string_view to_text(Target target) { return spelling(target, targets()); }

} // namespace tessera::predictors
