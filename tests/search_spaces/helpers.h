// Shared by the tests of search_spaces/.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "search_spaces/space.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces::testing {

/// The space of a document "s.yaml" that holds nothing else.
inline SearchSpace space_of(const std::string& yaml) {
    const auto document = support::Document::parse(yaml, "s.yaml");
    return SearchSpace::read(document.root());
}

/// DONNA's axes: 3 kernels, 4 expansions, 4 depths, 2 layer types, 2 attentions tied to activations, 2
/// widths.
inline const std::string donna_axes = "choices: [mbconv: {kernel: [3, 5, 7], expand: [2, 3, 4, 6], depth: "
                                      "[1, 2, 3, 4], group: [depthwise, 4], width: [0.5, 1], "
                                      "attention: [none, se], act: [relu, swish]}], "
                                      "unless: [{attention: se, act: relu}, {attention: none, act: swish}]";

/// A small space with every family and awkward sizes: odd maps, stride 2 on them, channels that are no power
/// of two.
inline SearchSpace awkward_space() {
    return space_of(R"(
input: [3, 19, 15]
classes: 7
stem: {channels: 12, kernel: 5, stride: 2, act: swish}
blocks:
  - name: a
    channels: 18
    stride: 2
    choices:
      - mbconv: {depth: [1, 2], kernel: [3, 5], expand: [1, 4], group: [1, 6], attention: [none, se], act: [relu6, hswish]}
      - conv: {depth: 2, kernel: [1, 5], width: [0.5, 1.3]}
      - identity:
    reference: conv(depth=2,kernel=5,width=0.5)
  - name: b
    channels: 18
    choices:
      - identity:
      - mbconv: {depth: 2, expand: 3, width: 0.35, act: swish, attention: se}
      - conv: {}
head: {channels: 40, act: hswish, dropout: 0.2}
)");
}

/// Distinct from their neighbours: few enough to trace, together covering all families of awkward_space().
inline std::vector<Architecture> awkward_architectures() {
    std::vector<Architecture> result;
    for (const char* text :
         {"conv(depth=2,kernel=5,width=0.5) | identity", "identity | conv",
          "mbconv(depth=2,kernel=5,expand=4,group=6,attention=se,act=hswish) | "
          "mbconv(depth=2,expand=3,width=0.35,attention=se,"
          "act=swish)",
          "mbconv(depth=2,kernel=3,expand=1,group=6,attention=none,act=relu6) | identity"}) {
        result.push_back(Architecture::parse(text));
    }
    return result;
}

} // namespace tessera::search_spaces::testing
