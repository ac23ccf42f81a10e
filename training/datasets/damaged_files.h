// Files of a data set that cannot be used.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::training {

/// A file that was passed over and why, e.g. {"train/cat/7.jpg", "damaged JPEG: Premature end of JPEG file"}.
struct DamagedFile {
    std::string file, reason;
};

/// One warning that counts them and names the first ones, all of them as debug messages. Throws RunError with
/// the same content when they are more than `tolerated` (0..1) of `images` images. `folder` is the data
/// set's.
void report_damage(const std::vector<DamagedFile>& damaged, std::int64_t images, double tolerated,
                   const std::string& folder);

} // namespace tessera::training
