// Where the training of each choice stands, until its entry is in the library.
#pragma once

#include <filesystem>
#include <optional>

#include "predictors/block_library.h"
#include "predictors/student.h"

namespace tessera::predictors {

/// Steps done, and at which learning rate.
struct Standing {
    double learning_rate = 0;
    std::int64_t step = 0;
};

/// One file a choice, beside its entry: <block>/<hash of the choice>.pass.safetensors. So any students go on
/// from what there is of each, however they were and will be grouped, and no copy of a whole pass is ever
/// held.
class PassCheckpoints {
public:
    PassCheckpoints(const BlockLibrary& library, const search_spaces::SearchSpace& space);

    /// Nothing where there is no file of this library's fingerprint, and (with a warning) for a damaged one.
    std::optional<Standing> find(std::size_t block, std::size_t choice) const;
    void save(const Student& student, std::int64_t step) const;
    /// Remembers that training begins, at this learning rate.
    void begin(std::size_t block, std::size_t choice, double learning_rate) const;
    /// The student as it was saved. Throws RunError where the file does not fit it.
    void load(Student& student) const;
    void remove(std::size_t block, std::size_t choice) const;

private:
    std::filesystem::path file(std::size_t block, std::size_t choice) const;
    training::Metadata metadata(std::size_t block, std::size_t choice, const Standing& standing) const;

    const BlockLibrary& library_;
    const search_spaces::SearchSpace& space_;
};

} // namespace tessera::predictors
