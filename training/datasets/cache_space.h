// Keeping the folder of decoded images below a size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>

namespace tessera::training {

/// Removes files of decoded images, those first that were not used for longest, until `needed` more bytes fit
/// into `limit`, all of them counted. Only files that are what write_decoded() writes, by name, header and
/// size: nothing else in the folder is counted or touched, nor is a file named in `in_use` ever removed.
/// False, and nothing removed, where there would not be room all the same.
bool make_room(const std::filesystem::path& folder, std::uint64_t needed, std::uint64_t limit,
               const std::set<std::filesystem::path>& in_use);

/// From now on the file counts as used just now.
void mark_used(const std::filesystem::path& file);

} // namespace tessera::training
