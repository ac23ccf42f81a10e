#include "predictors/distil_options.h"

#include <fmt/format.h>

namespace tessera::predictors {
namespace {

const support::EnumNames<StudentStart> starts{{"fresh", StudentStart::fresh},
                                              {"statistics", StudentStart::statistics},
                                              {"magnitude", StudentStart::magnitude},
                                              {"random", StudentStart::random}};

} // namespace

DistilOptions DistilOptions::read(support::Section section) {
    DistilOptions o;
    section.read("epochs", o.epochs, {1, 10000}, "Passes over the training images for every choice.");
    section.read("batch", o.batch, {2, 4096}, "Images in a batch.");
    section.read("train_limit", o.train_limit, {0, 1'000'000'000},
                 "Training images an epoch visits; 0: all.");
    section.read("learning_rate", o.learning_rate, {0, 10},
                 "Adam's learning rate at the top of the cosine; 0: searched once per space on a pilot.");
    section.read("pilot_batches", o.pilot_batches, {1, 100000}, "Batches of the learning rate's pilot.");
    section.read("clip", o.clip, {0, 1e6}, "Largest gradient norm of a student; 0: no clipping.");
    section.read("calibration_images", o.calibration_images, {2, 1'000'000'000},
                 "Training images from which the variance of the reference's maps is taken.");
    section.read("settle_images", o.settle_images, {2, 1'000'000'000},
                 "Training images on which BatchNorm statistics settle before quality is measured.");
    section.read("held_out_images", o.held_out_images, {0, 1'000'000'000},
                 "Validation images on which quality is measured; 0: all.");
    section.read(
        "inspect_images", o.inspect_images, {0, 1'000'000'000},
        "At most this many of them, on which each choice is tried in the reference, for the rise of its "
        "loss; 0: it is not taken.");
    section.read(
        "start", o.start, starts,
        "What a choice starts from that is the reference's block with fewer filters or smaller kernels: "
        "fresh weights, or the reference's filters, ranked by their outputs' mean square over the "
        "calibration images, by their weights' magnitude, or drawn.");
    section.read("workers", o.workers, {0, 4096},
                 "Students trained at once, one thread each; 0: as many as threads. Changes no result.");
    section.read(
        "memory_mb", o.memory_mb, {16, 1 << 24},
        "Memory of the shared pass in MiB; students beyond it train in further passes. Changes no result.");
    section.read("checkpoint_seconds", o.checkpoint_seconds, {0, 86400},
                 "Seconds between checkpoints of the shared pass. Changes no result.");
    support::Section augment = section.section("augment", "How training images are varied.");
    o.augment.read(augment);
    section.finish();
    return o;
}

std::string DistilOptions::essence() const {
    std::string text =
        fmt::format("epochs: {}\nbatch: {}\ntrain_limit: {}\nlearning_rate: {}\npilot_batches: {}\nclip: {}\n"
                    "calibration_images: {}\nsettle_images: {}\nheld_out_images: {}\naugment: {}\n",
                    epochs, batch, train_limit, learning_rate, pilot_batches, clip, calibration_images,
                    settle_images, held_out_images, augment.essence());
    if (start != StudentStart::fresh) { // libraries from before there was a choice stay valid
        text += fmt::format("start: {}\n", static_cast<int>(start));
    }
    return text;
}

} // namespace tessera::predictors
