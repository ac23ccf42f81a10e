#include "training/dataset.h"

namespace tessera::training {

DataOptions DataOptions::read(support::Section section) {
    DataOptions options;
    section.read("kind", options.kind,
                 {{"synthetic", DatasetKind::synthetic},
                  {"cifar10", DatasetKind::cifar10},
                  {"cifar100", DatasetKind::cifar100},
                  {"mnist", DatasetKind::mnist},
                  {"image_folder", DatasetKind::image_folder}},
                 "What to train on: generated shapes, one of the published binary formats, or folders of "
                 "JPEG and PNG images.");
    section.read("path", options.path, "Folder of the data set's files; not used by synthetic.");
    section.read("image_size", options.image_size, {0, 1024},
                 "image_folder: side in pixels after resize and centre crop; 0: as space.input says.");
    section.read("train_limit", options.train_limit, {0},
                 "At most this many training images, drawn evenly over the classes before validation images "
                 "are held out; 0: all.");
    section.read("validation", options.validation, {0.0, 0.9, true},
                 "Share of the training images held out for validation; not used where the folder has a "
                 "validation split.");
    section.read(
        "mean", options.mean, {0.0, 1.0},
        "Mean of each channel of pixel values scaled to 0..1; empty: measured on the training images.");
    section.read("std", options.deviation, {0.0, 10.0, true},
                 "Standard deviation of each channel of pixel values scaled to 0..1; empty: measured.");
    section.read("cache", options.cache,
                 "image_folder: folder that keeps decoded images for the next run; empty: none.");
    section.read("split_seed", options.split_seed, {0},
                 "Seed of the validation split and of synthetic images; apart from the run's seed, so that "
                 "runs compare.");
    auto synthetic = section.section("synthetic", "The generated data set.");
    synthetic.read("train", options.synthetic_train, {1, 1'000'000},
                   "Training images, validation's share included.");
    synthetic.read("test", options.synthetic_test, {1, 1'000'000}, "Test images.");
    synthetic.read("classes", options.synthetic_classes, {2, 20}, "Classes.");
    synthetic.read("size", options.synthetic_size, {8, 64}, "Side in pixels.");
    synthetic.finish();
    section.finish();
    if (options.kind != DatasetKind::synthetic && options.path.empty()) {
        section.fail("path", "this kind of data set needs the folder of its files");
    }
    return options;
}

} // namespace tessera::training
