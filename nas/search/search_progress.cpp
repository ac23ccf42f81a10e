#include "nas/search/search_progress.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "support/progress.h"

namespace tessera::nas {

std::function<void(double gap, std::uint64_t work)> search_progress(std::int64_t steps) {
    struct State {
        std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
        std::optional<support::Progress> shown;
        std::int64_t done = 0;
    };
    return [steps, state = std::make_shared<State>()](double gap, std::uint64_t work) {
        const auto done = static_cast<std::int64_t>(work);
        if (!state->shown) {
            if (std::chrono::steady_clock::now() - state->begin < std::chrono::seconds(2)) {
                return;
            }
            state->done = done;
            state->shown.emplace("search", steps, "steps at most", done);
        }
        state->shown->note(fmt::format("at most {:.2g} % of the hypervolume missing", 100 * gap));
        state->shown->advance(done - std::exchange(state->done, done));
    };
}

} // namespace tessera::nas
