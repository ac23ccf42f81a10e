// What of a construction is done, as a file from which it goes on.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "nas/construction/envelope_network.h"
#include "nas/stage.h"

namespace tessera::nas {

struct ConstructionProgress {
    /// The one that it starts with, then what each finished iteration made of it.
    std::vector<construction::EnvelopeNetwork> networks;
    nlohmann::json iterations = nlohmann::json::array(); ///< what is told of each
    bool complete = false;                               ///< nothing is left to grow

    /// Share (0..1) of the iterations that are done.
    double share(const ConstructOptions& options) const;
};

/// As far as the run has come with a construction of this fingerprint; the start where it has not begun, or
/// (with a warning) where the file is damaged.
ConstructionProgress construction_progress(const StageContext& context, const std::string& fingerprint);
void keep_construction(const ConstructionProgress& progress, const StageContext& context,
                       const std::string& fingerprint);

} // namespace tessera::nas
