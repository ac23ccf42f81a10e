// report: one page about the run.
#include <fmt/format.h>

#include "nas/report.h"
#include "nas/stage.h"
#include "support/files.h"

namespace tessera::nas {

namespace {

std::vector<std::string> report_work(StageContext& context, const std::string&) {
    support::write_atomically(context.run / "report/report.html", report_html(context.config, context.run));
    return {"report/report.html"};
}

Outcome report_outcome(StageContext& context) {
    const std::string file = (context.run / "report/report.html").string();
    return {fmt::format("Report: {}\n", file), {{"report", file}}};
}

} // namespace

Stage report_stage() {
    return {"report",
            "writes one HTML page about the run",
            {"teach", "distil", "measure", "sample", "fit", "search", "finetune", "export"},
            [](const Configuration& c) {
                return Inputs{{"name", c.name}};
            },
            report_work,
            report_outcome};
}

} // namespace tessera::nas
