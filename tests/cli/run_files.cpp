#include "tests/cli/run_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "support/csv.h"

namespace tessera::tests {

namespace fs = std::filesystem;

std::string tiny_configuration() {
    return R"(name: tiny
seed: 3
threads: 1
data:
  kind: synthetic
  synthetic: {train: 300, test: 60, classes: 4, size: 8}
  validation: 0.2
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 8, kernel: 3, stride: 1, act: relu}
  blocks:
    - name: b1
      channels: 8
      stride: 1
      reference: &reference conv(depth=1,kernel=3,width=1)
      choices: &choices
        - conv: {depth: 1, kernel: 3, width: [0.5, 1]}
        - mbconv: {depth: 1, kernel: 3, expand: 2, attention: none, act: relu}
        - identity: {}
    - {name: b2, channels: 16, stride: 2, reference: *reference, choices: *choices}
  head: {channels: 0}
teach: {epochs: 1, batch: 32, augment: {pad: 1}}
distil: {epochs: 1, batch: 32, pilot_batches: 2, augment: {pad: 1}}
latency: {rounds: 2}
sample: {count: 5, epochs: 1, batch: 32, augment: {pad: 1}}
search:
  population: 12
  generations: 4
  objectives:
    - {name: accuracy, direction: maximize}
    - {name: latency_cpu_ms, direction: minimize}
finetune: {pick: [knee], epochs: 1, batch: 32, augment: {pad: 1}}
)";
}

std::string constructing_configuration() {
    return R"(
name: grown
seed: 4
threads: 2
data:
  kind: synthetic
  synthetic: {train: 120, test: 30, classes: 3, size: 11}
  validation: 0.2
space:
  input: [3, 11, 11]
  classes: 3
  stem: {channels: 12, kernel: 3, norm: none}
  head: {dropout: 0.1}
construct:
  stages: [{layers: 1, maximum: 3}, {layers: 1, maximum: 1}, {layers: 1}]
  iterations: 3
  width: 6
  kernel: 1
  steps: 8
  snapshot: 2
  batch: 16
teach: {epochs: 2, batch: 16, learning_rate: 0.02}
distil: {epochs: 1, batch: 24, pilot_batches: 2}
latency: {rounds: 2}
sample: {count: 5, epochs: 1, batch: 24}
search:
  objectives:
    - {name: accuracy, direction: maximize}
    - {name: macs, direction: minimize}
finetune: {pick: [knee, reference], epochs: 1, batch: 24}
)";
}

std::string transformer_stages(int teach_epochs, const std::string& pick) {
    return "teach: {epochs: " + std::to_string(teach_epochs) +
           ", batch: 16, optimizer: adamw, learning_rate: 0.01}" + R"(
distil: {epochs: 2, batch: 32, pilot_batches: 2}
latency: {rounds: 2}
sample: {count: 5, epochs: 1, batch: 32, optimizer: adamw, learning_rate: 0.003}
search:
  objectives:
    - {name: accuracy, direction: maximize}
    - {name: macs, direction: minimize}
finetune: {pick: [)" +
           pick + "], epochs: 1, batch: 32, optimizer: adamw, learning_rate: 0.003}\n";
}

std::string tiny_latency_table() {
    std::string text = R"(schema: tessera-latency-1
context:
  device: "cpu"
  hardware: "none"
  threads: 1
  batch: 1
  dtype: "float32"
  layout: "channels_last"
  form: "written by hand"
  libtorch: "none"
  input: [3, 8, 8]
)";
    const auto timing = [](double ms) {
        const std::string t = support::number(ms);
        return "count: 3, mean_ms: " + t + ", variance_ms2: 0, p10_ms: " + t + ", p50_ms: " + t +
               ", p90_ms: " + t + "}\n";
    };
    text += "stem: {" + timing(0.02) + "head: {" + timing(0.01);
    text += "correction: {offset_ms: 0, scale: 1}\nadditivity: []\nrows:\n";
    for (const std::string block : {"b1", "b2"}) {
        double ms = 0.01;
        for (const std::string choice :
             {"identity", "conv(depth=1,kernel=3,width=0.5)", "conv(depth=1,kernel=3,width=1)",
              "mbconv(depth=1,kernel=3,expand=2,width=1,group=1,attention=none,act=relu)"}) {
            text += "  - {block: \"" + block + "\", choice: \"" + choice + "\", " + timing(ms);
            ms *= 2;
        }
    }
    return text;
}

void put(const fs::path& file, const std::string& content) {
    if (file.has_parent_path()) {
        fs::create_directories(file.parent_path());
    }
    std::ofstream(file, std::ios::binary) << content;
}

std::string content_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) {
        ADD_FAILURE() << "nothing to replace: " << from;
        return text;
    }
    return text.replace(at, from.size(), to);
}

namespace {

std::string without_clocks(const fs::path& file) {
    if (file.filename() != "metrics.csv") {
        return content_of(file);
    }
    auto table = support::read_csv(file);
    const std::size_t seconds = table.column("seconds", file.string());
    for (auto& row : table.rows) {
        row[seconds].clear();
    }
    return table.text();
}

template <class Visit>
void each_file(const fs::path& folder, const Visit& visit) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (at->is_regular_file()) {
            visit(at->path());
        }
    }
}

} // namespace

std::map<std::string, std::string> snapshot(const fs::path& run) {
    std::map<std::string, std::string> files;
    each_file(run, [&](const fs::path& file) {
        const std::string name = file.lexically_relative(run).string();
        if (name != "lock" && name != "log.jsonl" && name != "stages/seconds.json") {
            files[name] = without_clocks(file);
        }
    });
    return files;
}

::testing::AssertionResult same_files(const std::map<std::string, std::string>& expected,
                                      const std::map<std::string, std::string>& found) {
    std::string differences;
    for (const auto& [name, content] : expected) {
        const auto other = found.find(name);
        if (other == found.end()) {
            differences += "\n  missing: " + name;
        }
        if (other != found.end() && other->second != content) {
            differences += "\n  differs: " + name;
        }
    }
    for (const auto& [name, content] : found) {
        if (!expected.contains(name)) {
            differences += "\n  not expected: " + name;
        }
    }
    if (expected.empty()) {
        differences += "\n  nothing to compare with";
    }
    return differences.empty() ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << differences;
}

std::vector<std::string> half_written(const fs::path& folder) {
    std::vector<std::string> found;
    each_file(folder, [&](const fs::path& file) {
        const std::string name = file.filename().string();
        if (name.starts_with(".output-")) {
            return;
        } // what this test's own programs say
        if (name.starts_with('.') || name.ends_with(".tmp")) {
            found.push_back(file.string());
        }
    });
    return found;
}

std::string last_line(const std::string& text) {
    const auto end = text.find_last_not_of('\n');
    if (end == std::string::npos) {
        return "";
    }
    const auto begin = text.rfind('\n', end);
    return text.substr(begin == std::string::npos ? 0 : begin + 1,
                       end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

std::size_t line_count(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace tessera::tests
