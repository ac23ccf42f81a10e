#include "training/datasets/damaged_files.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"
#include "support/log.h"

namespace tessera::training {

void report_damage(const std::vector<DamagedFile>& damaged, std::int64_t images, double tolerated,
                   const std::string& folder) {
    constexpr std::size_t named = 3;
    if (damaged.empty()) {
        return;
    }
    std::vector<std::string> texts;
    for (const auto& [file, reason] : damaged) {
        texts.push_back(fmt::format("{}: {}", file, reason));
        support::log_debug(fmt::format("damaged image {}/{}", folder, texts.back()));
    }
    const auto count = static_cast<std::int64_t>(damaged.size());
    const double share = static_cast<double>(count) / static_cast<double>(images);
    auto message = fmt::format(
        "{}: {} of {} images ({:.3g} %) cannot be read: {}", folder, count, images, 100 * share,
        fmt::join(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(std::min(named, texts.size())),
                  "; "));
    if (texts.size() > named) {
        message += fmt::format("; and {} more", texts.size() - named);
    }
    if (share > tolerated) {
        throw support::RunError(
            fmt::format("{}; data.max_damaged tolerates {:.3g} %: repair or remove them, or raise it",
                        message, 100 * tolerated));
    }
    support::log_warning(message + "; they are left out");
}

} // namespace tessera::training
