// Configurations small enough for a second, and the files that runs leave.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tessera::tests {

/// 300 images of 8 x 8, two blocks of four choices, five samples, one epoch of everything.
std::string tiny_configuration();
/// A network that is constructed: three iterations on images of odd sides; two of three stages grow.
std::string constructing_configuration();
/// A latency table of that space, for runs that are to be the same bytes.
std::string tiny_latency_table();

/// What small transformers take to learn something: `teach` for so many epochs, one or two of everything
/// else.
std::string transformer_stages(int teach_epochs, const std::string& pick);

void put(const std::filesystem::path& file, const std::string& content);
/// Empty where there is no such file.
std::string content_of(const std::filesystem::path& file);
/// `text` with the first `from` replaced; a failure where there is none.
std::string replaced(std::string text, const std::string& from, const std::string& to);

/// Every file of a run by its relative path, with what may differ between equal runs left out: the log, the
/// lock, the column `seconds` of metrics, and what only repeats it.
std::map<std::string, std::string> snapshot(const std::filesystem::path& run);
/// Name the files that differ, not their bytes.
::testing::AssertionResult same_files(const std::map<std::string, std::string>& expected,
                                      const std::map<std::string, std::string>& found);
/// Relative paths of files that were begun and not finished.
std::vector<std::string> half_written(const std::filesystem::path& folder);

/// The message that ended a command: the last line of what it said.
std::string last_line(const std::string& text);
std::size_t line_count(const std::string& text);

} // namespace tessera::tests
