#include <cstdio>

#include "training/losses.h"

int main() {
    const auto logits = torch::zeros({4, 2}), labels = torch::zeros({4}, torch::kLong);
    std::printf("%.4f\n", tessera::training::cross_entropy(logits, labels, 0.0).item<double>());
}
