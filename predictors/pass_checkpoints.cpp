#include "predictors/pass_checkpoints.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/csv.h"
#include "support/error.h"
#include "support/log.h"

namespace tessera::predictors {

PassCheckpoints::PassCheckpoints(const BlockLibrary& library, const search_spaces::SearchSpace& space)
    : library_(library), space_(space) {}

std::filesystem::path PassCheckpoints::file(std::size_t block, std::size_t choice) const {
    return library_.file(block, choice).replace_extension(".pass.safetensors");
}

training::Metadata PassCheckpoints::metadata(std::size_t block, std::size_t choice,
                                             const Standing& standing) const {
    const auto& b = space_.blocks()[block];
    return {{"schema", "tessera-pass-2"},
            {"block", b.name},
            {"choice", b.choices[choice].text()},
            {"learning_rate", support::number(standing.learning_rate)},
            {"step", support::number(standing.step)},
            {"fingerprint", library_.fingerprint()}};
}

std::optional<Standing> PassCheckpoints::find(std::size_t block, std::size_t choice) const {
    const auto path = file(block, choice);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        return std::nullopt;
    }
    try {
        auto found = training::read_safetensors_metadata(path);
        const std::string source = path.string();
        const double step = support::parse_number(found["step"], source + ": step");
        const Standing standing{support::parse_number(found["learning_rate"], source + ": learning_rate"),
                                static_cast<std::int64_t>(std::clamp(step, 0.0, 1e15))};
        // Written again from what was understood of it, it is the same text or another program's.
        return found == metadata(block, choice, standing) ? std::optional(standing) : std::nullopt;
    } catch (const support::RunError& error) {
        support::warn("{}; this choice starts anew", error.what());
        return std::nullopt;
    }
}

void PassCheckpoints::save(const Student& student, std::int64_t step) const {
    training::write_safetensors(file(student.block(), student.choice()), student.tensors(),
                                metadata(student.block(), student.choice(), {student.learning_rate(), step}));
}

void PassCheckpoints::begin(std::size_t block, std::size_t choice, double learning_rate) const {
    training::write_safetensors(file(block, choice), {}, metadata(block, choice, {learning_rate, 0}));
}

void PassCheckpoints::load(Student& student) const {
    const std::string source = file(student.block(), student.choice()).string();
    try {
        student.load(training::read_safetensors(source).tensors, source);
    } catch (const std::exception& error) {
        throw support::RunError(
            fmt::format("{}: damaged checkpoint ({}); delete it to train this choice from its beginning",
                        source, error.what()));
    }
}

void PassCheckpoints::remove(std::size_t block, std::size_t choice) const {
    std::error_code ignored;
    std::filesystem::remove(file(block, choice), ignored);
}

} // namespace tessera::predictors
