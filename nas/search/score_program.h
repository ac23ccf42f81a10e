// Objectives that a program of the user's computes.
//
// The program is started once and asked one line of JSON at a time; it answers each with one line. About a
// subset of candidates (every block has the choices "out" and "in"):
//
//     > {"id":7,"genes":[0,1,1],"selected":["phrase b","phrase c"]}
//     < {"id":7,"values":{"score":1.25,"false_alarms":0.02}}
//
// and about a genome with several choices a block:
//
//     > {"id":8,"genes":[2,0],"choices":{"b1":"conv(kernel=5)","b2":"skip"}}
//
// "genes" counts choices from 0. "values" holds a finite number for every objective; others are passed over.
// {"id":7,"error":"why"} ends the search with that message. Standard output belongs to the answers and has to
// be flushed after each; what the program writes to standard error is kept for messages. Its input ends when
// the search does; a second later it is killed with all that it started.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "nas/search/objective.h"
#include "support/line_process.h"

namespace tessera::nas {

/// What genes stand for.
struct GenomeNames {
    std::vector<std::string> blocks;               ///< distinct
    std::vector<std::vector<std::string>> choices; ///< per block; empty: a subset, whose gene 1 means "in"

    /// Number of choices a block, as Problem has it.
    std::vector<int> counts() const;
    /// Names of the blocks whose gene is not 0: of a subset, what is in it.
    std::vector<std::string> selected(std::span<const int> genome) const;
    /// Throws UsageError where there is no block, where names of blocks are empty or occur twice, or where a
    /// block has no choice.
    void check() const;
};

/// Thread-safe: one question at a time. The program has to answer equal genomes alike; then results do not
/// depend on the number of threads, although the order of the questions does.
class ScoreProgram {
public:
    /// Starts the program. `values`: what has to be in every answer. Throws RunError where the program cannot
    /// be started, UsageError for names that check() refuses.
    ScoreProgram(support::LineProcessOptions program, GenomeNames names, std::vector<std::string> values);

    /// Asks for one genome and fills one value per name in `values`. Throws RunError, in one line with the
    /// program's name and what it last wrote to standard error, where it has ended, is late, answers too long
    /// a line, no JSON, another id, or no finite number for a value; Interrupted after a signal. After either
    /// the program is gone and every further question throws.
    void ask(std::span<const int> genome, std::span<double> values);

    /// The search for `objectives`, whose names are the values, in this order. Refers to this object.
    Problem problem(std::vector<Objective> objectives);

private:
    std::string question(std::span<const int> genome) const;
    void read(const std::string& answer, std::span<double> values);

    GenomeNames names_;
    std::vector<std::string> values_;
    std::mutex mutex_;
    std::int64_t id_ = 0; ///< of the latest question
    support::LineProcess program_;
};

} // namespace tessera::nas
