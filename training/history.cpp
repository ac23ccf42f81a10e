#include <limits>

#include <fmt/format.h>

#include "support/csv.h"
#include "support/plot.h"
#include "training/trainer.h"

namespace tessera::training {

std::string history_csv(const std::vector<EpochMetrics>& history) {
    using support::number;
    support::CsvTable table;
    table.header = {"epoch",           "learning_rate",       "train_loss", "train_accuracy",
                    "validation_loss", "validation_accuracy", "seconds"};
    for (const EpochMetrics& m : history) {
        table.add({number(m.epoch), number(m.learning_rate), number(m.train_loss), number(m.train_accuracy),
                   number(m.validation_loss), number(m.validation_accuracy), number(m.seconds)});
    }
    return table.text();
}

std::string history_svg(const std::vector<EpochMetrics>& history, const std::string& title,
                        std::string_view accuracy_name) {
    using support::Series;
    Series train{"training", Series::Style::line, {}, {}, {}};
    Series validation{"validation", Series::Style::line_and_points, {}, {}, {}};
    for (const EpochMetrics& m : history) {
        const auto epoch = static_cast<double>(m.epoch);
        train.points.emplace_back(epoch, 100 * m.train_accuracy);
        validation.points.emplace_back(epoch, 100 * m.validation_accuracy);
    }
    support::Plot plot;
    plot.title = title;
    plot.x_label = "epoch";
    plot.y_label = fmt::format("{}, %", accuracy_name);
    plot.series = {std::move(train), std::move(validation)};
    return plot.svg();
}

} // namespace tessera::training
