#include "nas/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nas/description.h"
#include "nas/front_files.h"
#include "nas/model_classes.h"
#include "support/csv.h"
#include "support/table.h"

namespace tessera::nas {

namespace {

constexpr const char* kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #d7dbe0; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; } code { font-size: .85em; overflow-wrap: anywhere; }
pre { background: #f5f6f8; padding: .8rem; overflow-x: auto; font-size: .85em; } svg { max-width: 100%; height: auto; }
p.note { color: #57606a; }
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string html_table(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows) {
    std::string out = "<table><tr>";
    for (const auto& cell : header) {
        out += "<th>" + escaped(cell) + "</th>";
    }
    out += "</tr>\n";
    for (const auto& row : rows) {
        out += "<tr>";
        for (const auto& cell : row) {
            out += "<td>" + escaped(cell) + "</td>";
        }
        out += "</tr>\n";
    }
    return out + "</table>\n";
}

std::string percent(const std::string& text) {
    return text.empty() ? "-" : fmt::format("{:.2f} %", 100 * support::parse_number(text, "accuracy"));
}

/// The plots were written by this program into the run; they go in as they are.
std::string plot(const RunFolder& run, const std::string& file) {
    if (!std::filesystem::exists(run / file)) {
        return "<p>" + file + " is no longer there.</p>\n"; // no reason to train again
    }
    return "<figure>" + support::read_file(run / file) + "</figure>\n";
}

/// Folded away: a table for each network.
std::string classes_section(const std::vector<ModelClasses>& models) {
    std::string out;
    for (const ModelClasses& model : models) {
        const ClassTable table = class_table(model.classes);
        out += fmt::format("<details><summary>Classes of {} in the test set, the worst first</summary>\n",
                           escaped(model.id)) +
               html_table(table.header, table.rows);
        if (table.rest > 0) {
            out += fmt::format("<p class=\"note\">{} classes with a higher accuracy are left out; all are in "
                               "<code>{}</code>.</p>\n",
                               table.rest, escaped(class_file(model.id)));
        }
        out += "</details>\n";
    }
    return out;
}

std::string models_section(const RunFolder& run) {
    const auto path = run / "models/models.csv";
    const auto csv = support::read_csv(path);
    std::vector<std::string> header = {"network", "from", "predicted", "validation", "test", "MACs"};
    const std::vector<std::size_t> plain = plain_columns(csv);
    for (const std::size_t c : plain) {
        header.push_back(csv.header[c]);
    }
    std::vector<std::vector<std::string>> rows;
    std::string architectures;
    for (const auto& row : csv.rows) {
        const auto cell = [&](const char* name) { return row[csv.column(name, path.string())]; };
        std::vector<std::string> cells = {cell("id"),
                                          cell("group"),
                                          percent(cell("predicted_accuracy")),
                                          percent(cell("validation_accuracy")),
                                          percent(cell("test_accuracy")),
                                          support::si(support::parse_number(cell("macs"), "macs"))};
        for (const std::size_t c : plain) {
            cells.push_back(row[c].empty() ? "-"
                                           : fmt::format("{:.3f}", support::parse_number(row[c], "latency")));
        }
        rows.push_back(std::move(cells));
        architectures += fmt::format("<p><b>{}</b> <code>{}</code><br>files: <code>export/{}/</code></p>\n",
                                     escaped(cell("id")), escaped(cell("architecture")), escaped(cell("id")));
    }
    return html_table(header, rows) + architectures + classes_section(read_model_classes(run, csv));
}

std::string predictor_section(const RunFolder& run) {
    const auto honesty = nlohmann::json::parse(support::read_file(run / "predictor/honesty.json"));
    const auto value = [&](const char* key, double factor) {
        const auto found = honesty.find(key);
        return found == honesty.end() || found->is_null()
                   ? std::string("-")
                   : fmt::format("{:.2f}", factor * found->get<double>());
    };
    const std::string best = fmt::format("the {} best", honesty.value("top_k", 0));
    return html_table({"on networks not fitted", "value"},
                      {{"Kendall tau-b", value("tau", 1)},
                       {"Spearman rho", value("rho", 1)},
                       {"share found of " + best, value("top_precision", 1)},
                       {"tau among " + best, value("top_tau", 1)},
                       {"RMSE, points", value("rmse", 100)},
                       {"RMSE of guessing the mean, points", value("baseline_rmse", 100)},
                       {"share inside the interval", value("covered", 1)}});
}

std::string latency_section(const RunFolder& run) {
    std::string out;
    const auto record = run.record("measure");
    if (!record) {
        return out;
    }
    for (const auto& artefact : record->artefacts) {
        const auto table = latency::LatencyTable::load(run / artefact.first);
        const auto& c = table.context;
        out += html_table(
            {"latency table", c.device},
            {{"hardware", c.hardware},
             {"threads, batch, type, layout",
              fmt::format("{}, {}, {}, {}", c.threads, c.batch, c.dtype, c.layout)},
             {"form", c.form},
             {"LibTorch", c.libtorch},
             {"(block, choice) pairs", std::to_string(table.rows().size())},
             {"whole networks measured beside", std::to_string(table.additivity.size())},
             {"mean error of the plain sum", fmt::format("{:.1f} %", 100 * table.additivity_error())},
             {"mean error after correction", fmt::format("{:.1f} %", 100 * table.corrected_error())}});
    }
    return out;
}

} // namespace

std::string report_html(const Configuration& configuration, const RunFolder& run) {
    const FrontFile front = FrontFile::load(run / "search/front.json");
    const auto teach = nlohmann::json::parse(support::read_file(run / "teach/result.json"));
    const bool synthetic = configuration.data.generated();
    const training::Task& task = training::task_of(configuration.space.head());
    const std::string accuracy = escaped(task.accuracy_name());
    std::string body = fmt::format(
        "<h1>{}</h1>\n<p>{} networks on the predicted front out of {} architectures; reference at "
        "{:.2f} % validation {}.{}</p>\n",
        escaped(configuration.name), front.front.size(), support::si(configuration.space.size()),
        100 * teach.at("validation_accuracy").get<double>(), accuracy,
        synthetic ? " <b>The images are synthetic.</b>" : "");
    body += "<h2>Front</h2>\n" + plot(run, "search/front.svg");
    body += fmt::format(
        "{}<p class=\"note\">The front's {} is predicted. Search: {}. Hypervolume {:.4f}, {} "
        "random networks {:.4f}.</p>\n",
        configuration.space.head().dense()
            ? fmt::format("<p class=\"note\">Accuracy on this page is {}: the share of pixels whose depth is "
                          "less than a factor of 1.25 off.</p>\n",
                          accuracy)
            : "",
        accuracy, escaped(front.ended), front.hypervolume, front.evaluations, front.random_hypervolume);
    body += "<h2>Trained networks: predicted beside obtained</h2>\n" + models_section(run);
    body += "<h2>Predictor</h2>\n" + predictor_section(run) + plot(run, "predictor/predicted.svg");
    body += "<h2>Latency</h2>\n" + latency_section(run);
    body += "<h2>Reference</h2>\n" + plot(run, "teach/metrics.svg");
    body += "<h2>Space</h2>\n<pre>" + escaped(describe(configuration).text) + "</pre>\n";
    return fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta "
                       "charset=\"utf-8\"><title>{}</title><style>{}</style></head>\n"
                       "<body>\n{}</body></html>\n",
                       escaped(configuration.name), kStyle, body);
}

} // namespace tessera::nas
