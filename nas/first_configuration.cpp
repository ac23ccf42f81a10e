#include "nas/first_configuration.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "nas/export.h"
#include "nas/stage_estimates.h"
#include "support/config_scalars.h"
#include "support/error.h"
#include "support/log.h"
#include "support/table.h"
#include "training/image_counts.h"
#include "training/safetensors.h"

namespace tessera::nas {
namespace {

using search_spaces::SearchSpace;

struct Budgets {
    std::int64_t teach_epochs = 30;
    std::int64_t distil_images = 0, tune_images = 0; ///< visited for each choice, for each network
    std::int64_t samples = 20;
};

/// One network's skeleton: what the blocks look like before they have choices.
struct Plan {
    std::int64_t channels = 3, side = 32, classes = 2;
    std::int64_t batch = 128;
};

std::string quoted(const std::string& text) { return support::config::to_yaml(std::string_view(text)); }

/// As a comment takes it: names of files may hold line ends.
std::string commented(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text;
}

/// Sides that halve well, largest first; larger inputs are slow on a CPU and can be asked for in the file.
constexpr std::int64_t sides[] = {128, 96, 64, 48, 32};

std::int64_t side_for(std::int64_t median) {
    for (const std::int64_t side : sides) {
        if (side <= median) {
            return side;
        }
    }
    return 32;
}

/// Dense convolutions and a few inverted bottlenecks; a pass-through where shapes stay.
std::string choices_text(bool strided, const std::string& own = "") {
    return fmt::format(
        "{}"
        "        - conv: {{depth: [1, 2], kernel: 3, width: [0.25, 0.5, 1]}}\n"
        "        - conv: {{depth: 1, kernel: 5, width: [0.25, 0.5]}}\n"
        "        - mbconv: {{depth: 1, kernel: [3, 5], expand: 3, attention: none, act: relu}}\n"
        "{}",
        own, strided ? "" : "        - identity: {}\n");
}

std::string block_text(const std::string& name, std::int64_t channels, std::int64_t stride,
                       const std::string& reference, const std::string& choices) {
    return fmt::format(
        "    - name: {}\n      channels: {}\n      stride: {}\n      reference: {}\n      choices:{}",
        quoted(name), channels, stride, reference, choices);
}

/// A residual network whose maps end at four to seven pixels.
std::string fresh_space(const Plan& plan) {
    struct Row {
        std::int64_t channels, stride;
    };
    std::vector<Row> rows = {{24, 1}, {48, 2}, {48, 1}, {96, 2}, {96, 1}, {128, 2}};
    std::int64_t stem = 24, stride = 1;
    if (plan.side > 40) {
        stride = 2;
    }
    if (plan.side > 80) {
        stem = 16;
        rows.insert(rows.begin(), {24, 2});
    }
    std::string text = fmt::format("  input: [{}, {}, {}]\n"
                                   "  classes: {}\n"
                                   "  stem: {{channels: {}, kernel: 3, stride: {}, act: relu}}\n"
                                   "  head: {{channels: 0, dropout: 0.1}}\n"
                                   "  blocks:\n",
                                   plan.channels, plan.side, plan.side, plan.classes, stem, stride);
    // Written out once, then referred to by their YAML anchors.
    std::set<std::string> anchors;
    std::int64_t in = stem;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool strided = rows[i].stride != 1 || rows[i].channels != in;
        const std::string anchor = strided ? "strided" : "same_shape";
        const bool known = !anchors.insert(anchor).second;
        text += block_text(fmt::format("b{}", i + 1), rows[i].channels, rows[i].stride,
                           i == 0 ? "&reference conv(depth=1,kernel=3,width=1)" : "*reference",
                           known ? fmt::format(" *{}\n", anchor)
                                 : fmt::format(" &{}\n{}", anchor, choices_text(strided)));
        in = rows[i].channels;
    }
    return text;
}

/// The text that says which network the weights are of: beside them, or among their metadata.
std::string description_of(const std::filesystem::path& weights) {
    const auto beside = weights.parent_path() / "architecture.yaml";
    if (std::filesystem::exists(beside)) {
        return support::read_file(beside);
    }
    auto metadata = training::read_safetensors(weights).metadata;
    if (metadata.contains("architecture.yaml")) {
        return metadata["architecture.yaml"];
    }
    throw support::UsageError(
        fmt::format("{}: does not say which network it belongs to: there is no architecture.yaml "
                    "beside it nor in its metadata (files that tessera writes have one)",
                    weights.string()));
}

SearchSpace space_of(const std::filesystem::path& weights) {
    const auto document = support::Document::parse(description_of(weights), weights.string());
    support::Section root = document.root();
    return SearchSpace::read(root.section("space", "the network's skeleton"));
}

std::string reference_space(const SearchSpace& space) {
    std::string text = fmt::format(
        "  input: [{}, {}, {}]\n  classes: {}\n  stem: {}\n  head: {}\n  blocks:\n", space.input().channels,
        space.input().height, space.input().width, space.classes(), space.stem().yaml(), space.head().yaml());
    for (const auto& block : space.blocks()) {
        const auto& own = block.choices.front();
        text += block_text(block.name, block.site.out_channels, block.site.stride, quoted(own.text()),
                           "\n" + choices_text(block.site.input != block.site.output(),
                                               fmt::format("        - {}\n", choice_yaml(own))));
    }
    return text;
}

/// `epochs` and `train_limit` that visit `images` of `train`.
std::string visits(std::int64_t images, std::int64_t train) {
    const std::int64_t epochs = std::max<std::int64_t>(1, (images + train - 1) / train);
    const std::int64_t limit = images / epochs;
    return fmt::format("  epochs: {}\n  train_limit: {}\n", epochs, limit >= train ? 0 : limit);
}

struct Draft {
    std::string name, data, space;
    FirstOptions options;
    std::int64_t batch = 128, train = 0; ///< images that are left for training
    double held_out = 0, tested = 0;     ///< shares held out for validation and test; 0: there are splits
    std::string augment;
};

/// Photographs larger than the input lose nothing by random crops; tiny ones would.
bool crops(std::int64_t side) { return side >= 64; }

std::string data_text(const std::filesystem::path& root, const FolderSurvey& survey, const Draft& draft,
                      std::int64_t side) {
    const auto cache = root.parent_path() / (draft.name + ".cache");
    std::string text = fmt::format("data:\n  kind: image_folder\n  path: {}\n  cache: {}\n",
                                   quoted(root.string()), quoted(cache.string()));
    if (draft.held_out > 0) {
        text += fmt::format("  validation: {}\n", draft.held_out);
    }
    if (draft.tested > 0) {
        text += fmt::format("  test: {}\n", draft.tested);
    }
    if (crops(side)) {
        text += fmt::format("  resize: {} # of the shorter side, before the crop\n",
                            std::llround(1.15 * static_cast<double>(side)));
    }
    if (survey.max_pixels != training::default_max_pixels) {
        text += fmt::format("  max_pixels: {}\n", survey.max_pixels);
    }
    if (survey.damaged > 0) { // twice what the sample showed
        const double share = static_cast<double>(survey.damaged) / static_cast<double>(survey.looked_at);
        text += fmt::format("  max_damaged: {:.2g}\n", std::clamp(2 * share, 0.01, 1.0));
    }
    return text;
}

std::string text_of(const Draft& draft, const Budgets& budgets) {
    const bool taught = draft.options.reference.empty();
    std::string text =
        fmt::format("name: {}\nseed: 1\nthreads: {}\n\n", quoted(draft.name), draft.options.threads);
    text += draft.data;
    text += "\n# Stem, blocks with their choices, head. `tessera describe` shows sizes and costs.\nspace:\n" +
            draft.space;
    text +=
        taught
            ? fmt::format(
                  "\n# The reference: the first choice of every block, trained from nothing.\nteach:\n"
                  "  epochs: {}\n  batch: {}\n  learning_rate: {}\n  label_smoothing: 0.1\n  augment: {}\n",
                  budgets.teach_epochs, draft.batch, draft.batch >= 128 ? "0.1" : "0.05", draft.augment)
            : fmt::format("\n# The reference is trained already; add epochs to train it further.\nteach:\n"
                          "  weights: {}\n  batch: {}\n",
                          quoted(std::filesystem::absolute(draft.options.reference).string()), draft.batch);
    text += fmt::format(
        "\n# Every choice of every block learns to imitate the reference's block.\ndistil:\n{}  batch: {}\n",
        visits(budgets.distil_images, draft.train), draft.batch);
    text += draft.options.table.empty()
                ? "\n# Latency is measured on this machine, one image at a time, one thread.\nlatency:\n  "
                  "threads: 1\n"
                : fmt::format("\n# Latencies from elsewhere; nothing is measured.\nlatency:\n  table: {}\n",
                              quoted(std::filesystem::absolute(draft.options.table).string()));
    const std::string tuning = visits(budgets.tune_images, draft.train) +
                               fmt::format("  batch: {}\n  learning_rate: 0.02\n", draft.batch);
    text += fmt::format("\n# Networks trained so that accuracy can be predicted.\nsample:\n  count: {}\n{}",
                        budgets.samples, tuning);
    const auto& table = draft.options.table;
    const std::string device = table.empty() ? "cpu" : latency::table_devices({table, "", {}}).front();
    text += fmt::format(
        "\n# What is wanted. Bounds: {{name: latency_{0}_ms, direction: minimize, max: 5}}; also macs, "
        "parameters,\n"
        "# peak_memory_bytes.\n"
        "search:\n  objectives:\n    - {{name: accuracy, direction: maximize}}\n"
        "    - {{name: latency_{0}_ms, direction: minimize}}\n",
        device);
    text +=
        fmt::format("\n# Networks of the front that are trained and exported: knee, all, spread:K, "
                    "'latency_{}_ms<=5', an id.\n"
                    "# The same budget as the samples', so that the predictor predicts what is obtained.\n"
                    "finetune:\n  pick: [knee, \"spread:3\"]\n{}",
                    device, tuning);
    return text;
}

/// Scales a budget so that what took `seconds` takes `wanted`, within bounds, rounded to two digits.
std::int64_t scaled(std::int64_t value, double seconds, double wanted, std::int64_t least,
                    std::int64_t most) {
    const double exact = std::clamp(static_cast<double>(value) * wanted / std::max(seconds, 1e-6),
                                    static_cast<double>(least), static_cast<double>(std::max(least, most)));
    const double digits = std::pow(10, std::max(0.0, std::floor(std::log10(std::max(exact, 1.0))) - 1));
    return std::max<std::int64_t>(least, std::llround(std::floor(exact / digits) * digits));
}

double total_seconds(const std::map<std::string, StageEstimate>& estimates) {
    return std::accumulate(estimates.begin(), estimates.end(), 0.0,
                           [](double sum, const auto& each) { return sum + each.second.seconds; });
}

std::string estimate_comment(const std::map<std::string, StageEstimate>& estimates, int threads) {
    std::string text;
    for (const Stage& stage : stages()) {
        const double each = estimates.at(stage.name).seconds;
        if (each >= 30) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", stage.name, support::duration(each));
        }
    }
    return fmt::format("# Estimated on this machine ({}): {} in all{}.\n",
                       support::counted(threads, "thread"), support::duration(total_seconds(estimates)),
                       text.empty() ? "" : " (" + text + ")");
}

/// What the folder, the reference and this kind of machine ask for, but for the budgets.
Draft draft_of(const std::filesystem::path& folder, const FolderSurvey& survey, const FirstOptions& options) {
    auto root = std::filesystem::absolute(folder).lexically_normal();
    if (!root.has_filename()) {
        root = root.parent_path(); // "photos/" and "." are folders whose parent takes the cache
    }
    Plan plan;
    plan.channels = survey.grey >= 0.95 ? 1 : 3;
    plan.side = side_for(survey.median);
    plan.classes = std::ssize(survey.classes);
    Draft draft;
    draft.name = root.filename().string();
    draft.options = options;
    if (!options.reference.empty()) {
        const SearchSpace space = space_of(options.reference);
        if (space.classes() != plan.classes) {
            throw support::UsageError(fmt::format("{} was trained for {} classes, and {} has {}",
                                                  options.reference.string(), space.classes(),
                                                  folder.string(), plan.classes));
        }
        plan.channels = space.input().channels;
        plan.side = space.input().height;
        draft.space = reference_space(space);
    } else {
        draft.space = fresh_space(plan);
    }
    draft.held_out = survey.validation == 0 ? 0.15 : 0;
    draft.tested = survey.test == 0 ? 0.15 : 0;
    draft.train = std::max<std::int64_t>(
        2, std::llround((1 - draft.held_out) * (1 - draft.tested) * static_cast<double>(survey.train)));
    while (draft.batch > 16 && draft.batch * 10 > draft.train) {
        draft.batch /= 2; // ten steps an epoch at least
    }
    draft.data = data_text(root, survey, draft, plan.side);
    draft.augment = crops(plan.side) ? "{random_resized_crop: true, crop_scale: [0.35, 1]}" : "{pad: 4}";
    return draft;
}

Configuration configuration_with(const Draft& draft, const Budgets& budgets) {
    return Configuration::read(support::Document::parse(text_of(draft, budgets), "first configuration"));
}

/// Budgets that take about the time that was asked for, and what becomes of that wish.
struct Fitted {
    Budgets budgets;
    std::string estimate; ///< comment lines
};

Fitted fit_budgets(const Draft& draft) {
    Budgets budgets;
    budgets.distil_images = budgets.tune_images = draft.train;
    const Configuration first = configuration_with(draft, budgets);
    // What loading would refuse is refused now.
    const auto images =
        training::count_images(first.data, first.space.classes(), training::Remarks::kept_back);
    RunFolder nowhere(std::filesystem::temp_directory_path() / "tessera-first-configuration",
                      /*read_only=*/true);
    StageContext context(first, nowhere);
    const Speed speed = measure_speed(context);
    const auto measured = estimate_stages(first, speed, images);
    const double time = draft.options.hours * 3600;
    const double teach = draft.options.reference.empty() ? 0.3 : 0;
    const double others = (1 - teach) / 0.7;
    Budgets least = budgets;
    least.teach_epochs = 4;
    least.distil_images = least.tune_images = std::min<std::int64_t>(draft.train, 20 * draft.batch);
    budgets.teach_epochs = scaled(budgets.teach_epochs, measured.at("teach").seconds, 0.95 * teach * time,
                                  least.teach_epochs, 120);
    budgets.distil_images = scaled(budgets.distil_images, measured.at("distil").seconds,
                                   0.95 * 0.3 * others * time, least.distil_images, 40 * draft.train);
    budgets.tune_images =
        scaled(budgets.tune_images, measured.at("sample").seconds + measured.at("finetune").seconds,
               0.95 * 0.4 * others * time, least.tune_images, 20 * draft.train);
    const Configuration fitted = configuration_with(draft, budgets);
    std::string estimate = estimate_comment(estimate_stages(fitted, speed, images), fitted.thread_budget());
    const double shortest = total_seconds(estimate_stages(configuration_with(draft, least), speed, images));
    if (time < shortest) {
        const std::string unmet =
            fmt::format("--hours {} cannot be met: the least for these images on this machine is about {}",
                        draft.options.hours, support::duration(shortest));
        support::warn("{}", unmet);
        estimate += fmt::format("# {}.\n", unmet);
    }
    return {budgets, estimate};
}

/// What the folder holds, as comment lines.
std::string survey_comment(const std::string& name, const FolderSurvey& survey) {
    std::string text =
        fmt::format("# {}: {} classes, {} images{}; shorter sides {} to {} pixels, median {}; {}.\n",
                    commented(name), survey.classes.size(), survey.train + survey.validation + survey.test,
                    survey.split ? fmt::format(" ({} train, {} validation, {} test)", survey.train,
                                               survey.validation, survey.test)
                                 : " without a split (one is made)",
                    survey.shortest, survey.longest, survey.median,
                    survey.grey >= 0.95 ? "grey"
                    : survey.grey > 0   ? fmt::format("{:.0f} % of them grey", 100 * survey.grey)
                                        : "colour");
    if (survey.most > 2 * survey.fewest) {
        text += fmt::format("# Unbalanced: the smallest class has {} training images, the largest {}.\n",
                            survey.fewest, survey.most);
    }
    if (survey.damaged > 0) {
        text += fmt::format("# {} of {} images looked at cannot be decoded; the first: {}\n", survey.damaged,
                            survey.looked_at, commented(survey.examples.front()));
    }
    return text;
}

} // namespace

std::string first_configuration(const std::filesystem::path& folder, const FolderSurvey& survey,
                                const FirstOptions& options) {
    const Draft draft = draft_of(folder, survey, options);
    const Fitted fitted = fit_budgets(draft);
    return survey_comment(draft.name, survey) + fitted.estimate +
           "#\n#   tessera run THIS_FILE --dry-run     # what would run, and what it takes\n"
           "#   tessera run THIS_FILE\n\n" +
           text_of(draft, fitted.budgets);
}

} // namespace tessera::nas
