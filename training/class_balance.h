// How evenly images are spread over the classes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::training {

/// "; unbalanced: 12 training images of cat (fewest), 480 of dog (most)" where the largest class has more
/// than twice as many training images as the smallest, else nothing. One size a name.
std::string describe_balance(const std::vector<std::int64_t>& sizes, const std::vector<std::string>& names);

} // namespace tessera::training
