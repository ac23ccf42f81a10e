#include "training/checkpoint.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "support/error.h"
#include "support/hash.h"
#include "support/log.h"

namespace tessera::training {
namespace {

using nlohmann::json;

constexpr const char* schema = "tessera.checkpoint/3";

struct Field {
    const char* name;
    double EpochMetrics::*value;
};
constexpr Field fields[] = {{"learning_rate", &EpochMetrics::learning_rate},
                            {"train_loss", &EpochMetrics::train_loss},
                            {"train_accuracy", &EpochMetrics::train_accuracy},
                            {"validation_accuracy", &EpochMetrics::validation_accuracy},
                            {"validation_loss", &EpochMetrics::validation_loss},
                            {"seconds", &EpochMetrics::seconds}};

/// JSON writes doubles so that they read back to the same bits; NaN (nothing to validate on) becomes null.
json to_json(const std::vector<EpochMetrics>& history) {
    json result = json::array();
    for (const EpochMetrics& metrics : history) {
        json row{{"epoch", metrics.epoch}};
        for (const Field& field : fields) {
            row[field.name] = metrics.*field.value;
        }
        result.push_back(row);
    }
    return result;
}

std::vector<EpochMetrics> from_json(const json& rows) {
    std::vector<EpochMetrics> result;
    for (const json& row : rows) {
        EpochMetrics metrics;
        metrics.epoch = row.at("epoch").get<std::int64_t>();
        if (metrics.epoch != static_cast<std::int64_t>(result.size()) + 1) {
            throw support::RunError("its epochs are not 1, 2, 3, ...");
        }
        for (const Field& field : fields) {
            const json& value = row.at(field.name);
            metrics.*field.value =
                value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
        }
        result.push_back(metrics);
    }
    return result;
}

std::string hash_of(const TensorMap& tensors) {
    support::Hasher hasher;
    for (const auto& [name, tensor] : tensors) {
        const torch::Tensor values = tensor.detach().cpu().contiguous();
        hasher.add(name).add({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
    }
    return hasher.hex();
}

} // namespace

std::string training_fingerprint(const TrainOptions& options, const TrainContext& context,
                                 const Datasets& data) {
    return support::Hasher()
        .add(context.fingerprint)
        .add(fmt::format("{} {}", context.seed, data.train.size()))
        .add(options.essence())
        .hex();
}

void write_checkpoint(const std::filesystem::path& file, const std::string& fingerprint,
                      const std::string& made_from, const Checkpoint& checkpoint) {
    write_safetensors(file, checkpoint.tensors,
                      {{"schema", schema},
                       {"fingerprint", fingerprint},
                       {"made_from", made_from},
                       {"hash", hash_of(checkpoint.tensors)},
                       {"share", support::number(checkpoint.share)},
                       {"epoch", std::to_string(checkpoint.history.size())},
                       {"history", to_json(checkpoint.history).dump()},
                       {"open", json{{"steps", checkpoint.open.steps},
                                     {"loss_sum", checkpoint.open.loss_sum},
                                     {"seconds", checkpoint.open.seconds},
                                     {"correct", checkpoint.open.correct}}
                                    .dump()}});
}

double checkpoint_share(const std::filesystem::path& file, const std::string& made_from) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return 0;
    }
    try {
        auto metadata = read_safetensors_metadata(file);
        const bool same = metadata["schema"] == schema && metadata["made_from"] == made_from;
        return same ? std::clamp(support::parse_number(metadata["share"], "share"), 0.0, 1.0) : 0;
    } catch (const support::RunError&) { return 0; }
}

std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& file, const std::string& fingerprint) {
    std::error_code ignored;
    if (file.empty() || !std::filesystem::exists(file, ignored)) {
        return std::nullopt;
    }
    try {
        SafetensorsFile content = read_safetensors(file);
        if (content.metadata["schema"] != schema || content.metadata["fingerprint"] != fingerprint) {
            support::info("{}: made from something else; the training starts anew", file.string());
            return std::nullopt;
        }
        if (content.metadata["hash"] != hash_of(content.tensors)) {
            throw support::RunError(file.string() + ": its content has changed since it was written");
        }
        const json open = json::parse(content.metadata["open"]);
        return Checkpoint{from_json(json::parse(content.metadata["history"])),
                          {open.at("steps"), open.at("loss_sum"), open.at("seconds"), open.at("correct")},
                          std::move(content.tensors),
                          /*share=*/0};
    } catch (const std::exception& error) {
        support::warn("{}; the checkpoint is not used and the training starts anew", error.what());
        return std::nullopt;
    }
}

} // namespace tessera::training
