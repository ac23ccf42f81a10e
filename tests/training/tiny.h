// A network and images small enough to train in a blink.
#pragma once

#include <torch/torch.h>

#include "search_spaces/block_module.h"
#include "search_spaces/space.h"
#include "support/config.h"
#include "training/dataset.h"

namespace tessera::tests {

/// Images of 8 x 8 whose class is the channel that is a little brighter than noise.
inline training::Dataset tiny_images(std::int64_t count, std::uint64_t seed) {
    torch::manual_seed(seed);
    training::Dataset data;
    data.labels = torch::arange(count) % 3;
    data.images = torch::randint(0, 150, {count, 3, 8, 8}, torch::kUInt8);
    for (std::int64_t i = 0; i < count; ++i) {
        data.images[i][data.labels[i].item<std::int64_t>()] += 50;
    }
    return data;
}

inline training::Datasets tiny_data() {
    training::Datasets data;
    data.train = tiny_images(100, 1);
    data.validation = tiny_images(50, 2);
    data.test = tiny_images(10, 3);
    data.classes = {"red", "green", "blue"};
    data.normalisation = {{0.35, 0.35, 0.35}, {0.2, 0.2, 0.2}};
    data.description = "tiny";
    return data;
}

inline search_spaces::SearchSpace tiny_space() {
    const auto document = support::Document::parse(R"(
input: [3, 8, 8]
classes: 3
stem: {channels: 8}
blocks:
  - {name: a, channels: 8, choices: [conv: {}, mbconv: {expand: 2}]}
  - {name: b, channels: 12, stride: 2, choices: [conv: {}, mbconv: {expand: 2}]}
head: {channels: 16, dropout: 0.1}
)");
    return search_spaces::SearchSpace::read(document.root());
}

inline search_spaces::Network tiny_network(std::uint64_t seed) {
    const search_spaces::SearchSpace space = tiny_space();
    search_spaces::Network network(space, space.reference());
    search_spaces::initialise(*network, seed);
    return network;
}

} // namespace tessera::tests
