// init: looks at a folder of images and writes a configuration to start from.
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "cli/command.h"
#include "nas/first_configuration.h"
#include "support/csv.h"
#include "support/error.h"

namespace tessera::cli {
namespace {

double hours_of(const Arguments& arguments) {
    if (!arguments.has("hours")) {
        return nas::FirstOptions().hours;
    }
    double hours = 0;
    try {
        hours = support::parse_number(arguments.value("hours"), "--hours");
    } catch (const support::Error&) {
        throw support::UsageError(fmt::format("--hours: '{}' is not a number", arguments.value("hours")));
    }
    if (!(hours > 0 && hours <= 10'000)) {
        throw support::UsageError(fmt::format("--hours: {} is not above 0 and at most 10000", hours));
    }
    return hours;
}

std::int64_t max_pixels_of(const Arguments& arguments) {
    const std::string text = arguments.value("max-pixels");
    std::int64_t pixels = training::default_max_pixels;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pixels);
    const bool given = arguments.has("max-pixels");
    if (given &&
        (error != std::errc() || end != text.data() + text.size() || pixels < 1 || pixels > 4'000'000'000)) {
        throw support::UsageError(fmt::format("--max-pixels {}: expected 1 to 4000000000", text));
    }
    return pixels;
}

/// Files of outside are looked for before images are decoded.
std::filesystem::path file_of(const Arguments& arguments, const std::string& option) {
    const std::filesystem::path file = arguments.value(option);
    if (!file.empty() && !std::filesystem::is_regular_file(file)) {
        throw support::UsageError(fmt::format("--{}: {}: no such file", option, file.string()));
    }
    return file;
}

} // namespace

Command init_command() {
    return {
        "init",
        "looks at a folder of images and prints a configuration that fits it, this machine and your time",
        "  tessera init photos/ > my.yaml\n"
        "  tessera init photos/ --hours 8 --table phone.csv > my.yaml\n"
        "  tessera init photos/ --reference runs/old/teach/weights.safetensors > my.yaml\n",
        [](const Arguments& arguments) {
            if (arguments.operand.empty()) {
                throw support::UsageError("name a folder of images: tessera init IMAGES > my.yaml");
            }
            nas::FirstOptions options;
            options.hours = hours_of(arguments);
            options.table = file_of(arguments, "table");
            options.reference = file_of(arguments, "reference");
            for (const std::string& set : arguments.set) {
                if (!set.starts_with("threads=")) {
                    throw support::UsageError(
                        fmt::format("`tessera init` takes no --set {}: edit what it prints", set));
                }
                options.threads = static_cast<int>(support::parse_number(set.substr(8), "--threads"));
            }
            const nas::FolderSurvey survey = nas::survey_folder(arguments.operand, max_pixels_of(arguments));
            const std::string text = nas::first_configuration(arguments.operand, survey, options);
            print(arguments, text,
                  nlohmann::json{{"configuration", text},
                                 {"classes", survey.classes},
                                 {"images", survey.train + survey.validation + survey.test},
                                 {"looked_at", survey.looked_at},
                                 {"damaged", survey.damaged},
                                 {"median_side", survey.median}}
                      .dump(1));
            return 0;
        },
        {{"hours", "H", "time that the whole run may take on this machine (default: 2)"},
         {"table", "FILE", "latency table (CSV or YAML) of the device, instead of measuring this machine"},
         {"max-pixels", "N", "images of more pixels count as damaged (default: 100 million)"},
         {"reference", "FILE", "weights (safetensors) of a network that tessera trained, to start from"}},
        {"IMAGES", "folder with one sub-folder of images a class, or with train/ and test/ of those"}};
}

} // namespace tessera::cli
