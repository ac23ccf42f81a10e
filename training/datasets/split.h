// Choosing rows: stratified, seeded, the same on every machine.
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "training/dataset.h"

namespace tessera::training {

/// At most `limit` rows, sorted: one of each class in turn until there are enough, so that no class has two
/// more than another unless the other is used up. A smaller limit chooses a subset of what a larger one
/// chooses. limit <= 0: all rows.
std::vector<std::int64_t> balanced_rows(const torch::Tensor& labels, std::int64_t limit, std::uint64_t seed);

/// Rows kept and rows held out, both sorted. Of each class the nearest whole number to `share` of its rows is
/// held out, but never all of them.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>
stratified_split(const torch::Tensor& labels, double share, std::uint64_t seed);

/// As stratified_split(), for rows with names (hashes of them, one a row): which rows are held out follows
/// from the seed and the names, so that another row's coming or going moves at most one other of its class.
/// Of a class of `enough` rows or more at least one is held out.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>
split_by_name(const torch::Tensor& labels, const std::vector<std::uint64_t>& names, double share,
              std::uint64_t seed, std::int64_t enough);

/// Rows that these take of a class of `count` rows: the nearest whole number to `share` of them, never all,
/// of `enough` or more at least one.
std::int64_t held_out_of(std::int64_t count, double share, std::int64_t enough);

/// Images of a class from which on it has one at least for testing, then for validation.
inline constexpr std::int64_t enough_for_test = 3, enough_for_validation = 2;
/// For stratified_split(): a class of any size may go without.
inline constexpr std::int64_t never_enough = std::numeric_limits<std::int64_t>::max();

/// Throws UsageError saying that `share` of `images` training images, which the key data.`purpose` asks for,
/// is none of any class.
[[noreturn]] void refuse_empty_split(const char* purpose, double share, std::int64_t images);

/// Mean and population standard deviation of each channel, exact over all pixels. A constant channel gets
/// 1/255.
Normalisation measure_normalisation(const torch::Tensor& images);

} // namespace tessera::training
