// Folders of architectures that a stage made for earlier picks or samples and that no longer count.
// Torch-free.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace tessera::nas {

/// Sub-folders of `folder` that are named like an architecture's id (16 hexadecimal digits) and are not among
/// `kept`: their names. Nobody else's folders are meant by what follows.
std::set<std::string> leftovers(const std::filesystem::path& folder, const std::set<std::string>& kept);

/// For what took training: moves the leftovers, with everything in them, into folder/earlier, and says how
/// many there were. One that cannot be moved stays, with a warning.
void set_aside(const std::filesystem::path& folder, const std::set<std::string>& kept);
std::filesystem::path set_aside_folder(const std::filesystem::path& folder);
/// Moves those of `wanted` that were set aside back to where they were, unless they have been made anew.
void take_back(const std::filesystem::path& folder, const std::set<std::string>& wanted);

/// For what is quickly made again: removes the files called `own` from the leftovers, and those that are
/// empty then. Whatever else somebody put there stays, with a warning that names it.
void remove_leftovers(const std::filesystem::path& folder, const std::set<std::string>& kept,
                      const std::set<std::string>& own);

} // namespace tessera::nas
