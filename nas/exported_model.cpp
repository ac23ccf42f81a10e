#include "nas/exported_model.h"

#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/export.h"
#include "nas/preprocessing_file.h"
#include "support/error.h"
#include "support/files.h"
#include "training/batches.h"

namespace tessera::nas {
namespace {

namespace fs = std::filesystem;
using support::RunError;

fs::path script_in(const fs::path& path) {
    if (fs::is_directory(path)) {
        if (!fs::exists(path / "model.pt")) {
            throw RunError(
                fmt::format("{}: no model.pt in it; expected a folder that `tessera export` wrote, "
                            "such as runs/NAME/export/ID",
                            path.string()));
        }
        return path / "model.pt";
    }
    if (!fs::is_regular_file(path)) {
        throw RunError(fmt::format("{}: {}", path.string(),
                                   fs::exists(path) ? "neither a file nor a folder" : "no such file"));
    }
    return path;
}

/// TorchScript's own messages are tracebacks: what failed stands in their last line, everything else in the
/// first.
std::string brief(const std::exception& error) {
    const auto* const known = dynamic_cast<const c10::Error*>(&error);
    std::string text = known != nullptr ? known->what_without_backtrace() : error.what();
    if (text.find("Traceback") != std::string::npos) {
        text.erase(text.find_last_not_of(" \n") + 1);
        text.erase(0, text.rfind('\n') + 1);
    }
    text.erase(0, text.find_first_not_of(" \n"));
    return text.substr(0, std::min(text.find('\n'), std::size_t{300}));
}

torch::jit::Module open_script(const fs::path& file, torch::Device device,
                               torch::jit::ExtraFilesMap& documents) {
    try {
        return torch::jit::load(file.string(), device, documents);
    } catch (const std::bad_alloc&) {
        throw RunError(file.string() + ": it asks for more memory than there is");
    } catch (const std::exception& error) {
        // An archive that cannot be opened is told by the file and line of the unpacker, which helps nobody.
        const std::string why = brief(error);
        const bool unpacker = why.find("PytorchStreamReader") != std::string::npos ||
                              why.find("miniz") != std::string::npos ||
                              why.find("archive") != std::string::npos;
        throw RunError(fmt::format("{}: cannot be read as TorchScript, it is damaged or of another kind{}",
                                   file.string(), unpacker ? "" : ": " + why));
    }
}

/// Files that somebody put beside another model, or edited believing that they count.
void check_beside(const fs::path& script, const std::string& name, const std::string& inside) {
    const fs::path beside = script.parent_path() / name;
    if (fs::exists(beside) && support::read_file(beside) != inside) {
        throw RunError(
            fmt::format("{}: it is not the one inside {}; only that one counts, so export the network "
                        "again or remove this file",
                        beside.string(), script.string()));
    }
}

} // namespace

ExportedModel::ExportedModel(const fs::path& path, torch::Device device)
    : file_(script_in(path)), device_(device) {
    torch::jit::ExtraFilesMap documents{{"architecture.yaml", ""}, {"preprocessing.json", ""}};
    module_ = open_script(file_, device_, documents);
    for (const auto& [name, text] : documents) {
        if (text.empty()) {
            throw RunError(fmt::format("{}: holds no {}: `tessera export` of this version did not write it; "
                                       "export the network again",
                                       file_.string(), name));
        }
    }
    const std::string inside = file_.string() + ", ";
    const auto description = parse_architecture(documents["architecture.yaml"], inside + "architecture.yaml");
    preprocessing_ = parse_preprocessing(documents["preprocessing.json"], inside + "preprocessing.json");
    id_ = description.architecture.id();
    architecture_ = description.architecture.text();

    const auto& input = description.space.input();
    const auto& p = preprocessing_;
    const auto classes = static_cast<std::int64_t>(p.classes.size());
    if (p.channels != input.channels || p.height != input.height || p.width != input.width ||
        classes != description.space.classes()) {
        throw RunError(
            fmt::format("{}: preprocessing.json is for {} classes of {}x{}x{}, architecture.yaml for "
                        "{} of {}x{}x{}",
                        file_.string(), classes, p.channels, p.height, p.width, description.space.classes(),
                        input.channels, input.height, input.width));
    }
    if (p.depths != description.space.head().dense()) {
        throw RunError(fmt::format("{}: architecture.yaml has a head of {}, preprocessing.json outputs of {}",
                                   file_.string(), description.space.head().kind,
                                   p.depths ? "depths" : "classes"));
    }
    if (fs::is_directory(path)) {
        for (const auto& [name, text] : documents) {
            check_beside(file_, name, text);
        }
    }
    if (!module_.find_method("forward")) {
        throw RunError(file_.string() + ": it has no method forward");
    }
    module_.eval();
}

torch::Tensor ExportedModel::input_of(const torch::Tensor& pixels) const {
    const training::Dataset images{pixels, torch::zeros({pixels.size(0)}, torch::kInt64)};
    std::vector<std::int64_t> rows(static_cast<std::size_t>(pixels.size(0)));
    std::iota(rows.begin(), rows.end(), 0);
    return training::make_batch(images, rows, {preprocessing_.mean, preprocessing_.deviation})
        .images.to(device_);
}

torch::Tensor ExportedModel::outputs(const torch::Tensor& pixels) {
    const torch::NoGradGuard no_grad;
    torch::Tensor result;
    try {
        result = forward(input_of(pixels)).to(torch::kCPU, torch::kFloat32).contiguous();
    } catch (const support::Error&) { throw; } catch (const std::exception& error) {
        throw RunError(fmt::format("{}: the network fails on images of {}x{}x{}: {}", file_.string(),
                                   preprocessing_.channels, preprocessing_.height, preprocessing_.width,
                                   brief(error)));
    }
    const auto& p = preprocessing_;
    const std::vector<std::int64_t> expected =
        p.depths ? std::vector<std::int64_t>{pixels.size(0), 1, p.height, p.width}
                 : std::vector<std::int64_t>{pixels.size(0), static_cast<std::int64_t>(p.classes.size())};
    if (result.sizes() != expected) {
        throw RunError(fmt::format("{}: its outputs are {}, expected {} (one for each {})", file_.string(),
                                   fmt::join(result.sizes(), "x"), fmt::join(expected, "x"),
                                   p.depths ? "pixel" : "class"));
    }
    if (!result.isfinite().all().item<bool>()) {
        throw RunError(file_.string() + ": its outputs are not finite");
    }
    return result;
}

} // namespace tessera::nas
