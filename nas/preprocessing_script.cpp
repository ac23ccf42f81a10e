#include <algorithm>

#include <fmt/format.h>

#include "nas/preprocessing_file.h"
#include "support/csv.h"

namespace tessera::nas {
namespace {

/// With a point, or TorchScript takes it for an integer.
std::string float_text(double value) {
    const std::string text = support::number(value);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

/// One channel of `values` as the network wants it. Numbers stand in it one by one, since TorchScript rounds
/// a list of them to float32.
std::string normalised_channel(std::size_t channel, const training::Preprocessing& p) {
    return fmt::format("(values.narrow(1, {}, 1) / 255.0 - {}) / {}", channel, float_text(p.mean[channel]),
                       float_text(p.deviation[channel]));
}

// Numbers of types: 6 is float32, 7 float64. `taps` holds a row of weights for each output position: those of
// a triangle around it, widened when shrinking.
constexpr const char* methods = R"(
def normalise(self, pixels: Tensor) -> Tensor:
    assert pixels.dim() == 4 and pixels.size(1) == {channels}, "normalise: expected N x {channels} x H x W bytes"
    values = pixels.to(7)
    return torch.cat([{normalised}], 1).to(6)

def taps(self, size: int, scaled: int, first: int, output: int, scale: float) -> Tensor:
    centres = (size - scaled * scale) / 2.0 + (torch.arange(output, dtype=7) + (first + 0.5)) * scale
    distances = torch.abs(torch.arange(size, dtype=7) + 0.5 - centres.unsqueeze(1))
    weights = torch.clamp(1.0 - distances / max(scale, 1.0), min=0.0)
    return (weights / weights.sum(1, keepdim=True)).to(6)

def preprocess(self, pixels: Tensor) -> Tensor:
    assert pixels.dim() == 3 and pixels.size(2) == {channels}, "preprocess: expected height x width x {channels} bytes"
    scale = min(pixels.size(0) / {scaled_height}, pixels.size(1) / {scaled_width})
    down = self.taps(pixels.size(0), {scaled_height}, {top}, {height}, scale).to(pixels.device)
    across = self.taps(pixels.size(1), {scaled_width}, {left}, {width}, scale).to(pixels.device)
    resampled = torch.matmul(down, torch.matmul(pixels.permute([2, 0, 1]).to(6), across.t()))
    return self.normalise(torch.floor(torch.clamp(resampled + 0.5, 0.0, 255.0)).unsqueeze(0))
)";

} // namespace

std::string preprocessing_script(const training::Preprocessing& p) {
    const ScaledSize scaled = scaled_size(p);
    std::string normalised;
    for (std::size_t c = 0; c < p.mean.size(); ++c) {
        normalised += (c > 0 ? ", " : "") + normalised_channel(c, p);
    }
    return fmt::format(methods, fmt::arg("channels", p.channels), fmt::arg("normalised", normalised),
                       fmt::arg("height", p.height), fmt::arg("width", p.width),
                       fmt::arg("scaled_height", scaled.height), fmt::arg("scaled_width", scaled.width),
                       fmt::arg("top", (scaled.height - p.height) / 2),
                       fmt::arg("left", (scaled.width - p.width) / 2));
}

} // namespace tessera::nas
