#include <fmt/format.h>

#include "support/csv.h"
#include "training/trainer.h"

namespace tessera::training {

void TrainOptions::read(support::Section& section) {
    section.read("epochs", epochs, {0, 100'000},
                 "Passes over the training images; 0: the network stays as it is.");
    section.read("batch", batch, {2, 65'536}, "Images in one step.");
    section.read("train_limit", train_limit, {0, 1'000'000'000},
                 "Images visited in an epoch, drawn anew for each one; 0: all.");
    schedule.read(section);
    section.read("label_smoothing", label_smoothing, {0, 0.9},
                 "Share of each label spread evenly over all classes; depths have none.");
    section.read("ema", ema, {0, 0.999999},
                 "Decay per step of a moving average of the weights that is evaluated and kept in their "
                 "place; 0: off.");
    section.read("autocast", autocast, "Compute in bfloat16 where that is safe; GPUs only.");
    section.read(
        "distillation_weight", distillation_weight, {0, 1},
        "Share of the teacher's soft labels, or depths, in the loss; the images' own have the rest.");
    section.read("temperature", temperature, {0, 100, true},
                 "Softens both networks' predictions of classes before they are compared; 1: as they are.");
    optimizer.read(section);
    if (schedule.final_rate > optimizer.learning_rate) {
        section.fail("final_rate", "it is above learning_rate");
    }
    augment.read(section.section("augment", "Random changes of training images."));
}

std::string TrainOptions::essence() const {
    using support::number;
    const OptimizerOptions& o = optimizer;
    return fmt::format("epochs: {}\nbatch: {}\ntrain_limit: {}\n{}label_smoothing: {}\nema: {}\n"
                       "autocast: {}\ndistillation_weight: {}\ntemperature: {}\noptimizer: {}\n"
                       "learning_rate: {}\nmomentum: {}\nbeta1: {}\nbeta2: {}\nepsilon: {}\n"
                       "weight_decay: {}\nclip: {}\n{}{}augment: {}\n",
                       epochs, batch, train_limit, schedule.essence(), number(label_smoothing), number(ema),
                       autocast, number(distillation_weight), number(temperature), static_cast<int>(o.kind),
                       number(o.learning_rate), number(o.momentum), number(o.beta1), number(o.beta2),
                       number(o.epsilon), number(o.weight_decay), number(o.clip),
                       o.decay_all ? "decay_all: true\n" : "", o.clip_each ? "clip_each: true\n" : "",
                       augment.essence());
}

} // namespace tessera::training
