#include "training/datasets/cifar.h"

#include <cstring>

#include <fmt/format.h>

#include "support/error.h"
#include "support/files.h"

namespace tessera::training {
namespace {

constexpr std::int64_t pixels = 3 * 32 * 32;

void read_records(const std::filesystem::path& file, const CifarLayout& layout, std::int64_t records,
                  std::uint8_t* images, std::int64_t* labels) {
    const auto stride = layout.label_bytes + pixels;
    const auto content = read_exactly(file, static_cast<std::uint64_t>(records * stride),
                                      fmt::format("{} records of {}", records, stride));
    for (std::int64_t i = 0; i < records; ++i) {
        const auto* record = reinterpret_cast<const std::uint8_t*>(content.data()) + i * stride;
        labels[i] = record[layout.label_bytes - 1];
        if (labels[i] >= layout.classes) {
            throw support::RunError(fmt::format("{}: record {} has label {}; {} has 0..{}", file.string(), i,
                                                labels[i], layout.name, layout.classes - 1));
        }
        std::memcpy(images + i * pixels, record + layout.label_bytes, pixels);
    }
}

Dataset read_files(const std::filesystem::path& folder, const std::vector<std::string>& files,
                   const CifarLayout& layout, std::int64_t records) {
    const auto count = records * static_cast<std::int64_t>(files.size());
    Dataset data{torch::empty({count, 3, 32, 32}, torch::kUInt8), torch::empty({count}, torch::kInt64)};
    auto* images = data.images.data_ptr<std::uint8_t>();
    auto* labels = data.labels.data_ptr<std::int64_t>();
    for (const auto& file : files) {
        read_records(folder / file, layout, records, images, labels);
        images += records * pixels;
        labels += records;
    }
    return data;
}

std::vector<std::string> read_names(const std::filesystem::path& file, std::int64_t classes) {
    if (!std::filesystem::exists(file)) {
        return numbered_classes(classes);
    }
    std::vector<std::string> names(1);
    for (const char c : support::read_file(file, 1U << 16)) {
        if (c == '\n' || c == '\r') {
            if (!names.back().empty()) {
                names.emplace_back();
            }
        } else {
            names.back() += c;
        }
    }
    if (names.back().empty()) {
        names.pop_back();
    }
    if (static_cast<std::int64_t>(names.size()) != classes) {
        throw support::RunError(fmt::format("{}: expected {} class names, one a line, found {}",
                                            file.string(), classes, names.size()));
    }
    return names;
}

} // namespace

CifarLayout cifar10_layout() {
    CifarLayout layout{"cifar10", "cifar-10-batches-bin", {}, "test_batch.bin", "batches.meta.txt"};
    for (int i = 1; i <= 5; ++i) {
        layout.train.push_back(fmt::format("data_batch_{}.bin", i));
    }
    return layout;
}

CifarLayout cifar100_layout() {
    CifarLayout layout{"cifar100", "cifar-100-binary", {"train.bin"}, "test.bin", "fine_label_names.txt"};
    layout.label_bytes = 2;
    layout.classes = 100;
    layout.train_records = 50000;
    return layout;
}

RawDatasets load_cifar(const std::filesystem::path& path, const CifarLayout& layout) {
    const auto unpacked = path / layout.folder;
    const auto& folder = std::filesystem::is_directory(unpacked) ? unpacked : path;
    return {read_files(folder, layout.train, layout, layout.train_records),
            {},
            read_files(folder, {layout.test}, layout, layout.test_records),
            read_names(folder / layout.names, layout.classes)};
}

} // namespace tessera::training
