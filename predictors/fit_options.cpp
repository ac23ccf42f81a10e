#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {
namespace {

const support::EnumNames<Form>& forms() {
    static const support::EnumNames<Form> names = {{"additive", Form::additive},
                                                   {"second_order", Form::second_order}};
    return names;
}

const support::EnumNames<Scale>& scales() {
    static const support::EnumNames<Scale> names = {{"noise", Scale::noise},
                                                    {"root", Scale::root},
                                                    {"power", Scale::power},
                                                    {"combined", Scale::combined}};
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
                 "What the score of a network is made of: additive: a number for each block's choice; "
                 "second_order: products of two blocks' noise besides.");
    section.read("coverage", options.coverage, {0.5, 0.99},
                 "Share of networks that the prediction interval should cover.");
    section.read("qualities", options.qualities,
                 "CSV with the qualities of all choices to go by instead of the library's: block, choice and "
                 "columns, as `inspect --out` writes it.");
    section.read(
        "quality", options.columns,
        "Columns of that file, or of the library's table: a noise, and a rise of the loss to go with it; the "
        "smaller the better; empty: nsr, and loss_rise where it is there.");
    if (options.columns.size() > 2) {
        section.fail("quality", "more than two columns");
    }
    if (options.columns.size() == 2 && options.columns[0] == options.columns[1]) {
        section.fail("quality", fmt::format("'{}' is there twice", options.columns[0]));
    }
    section.finish();
    return options;
}

std::string_view to_text(Form form) { return spelling(form, forms()); }
std::string_view to_text(Scale scale) { return spelling(scale, scales()); }

} // namespace tessera::predictors
