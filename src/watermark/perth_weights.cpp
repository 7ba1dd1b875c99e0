// Reads Perth's networks.
#include <algorithm>
#include <string>

#include "watermark/perth.h"
#include "watermark/spectrogram.h"

namespace chatterbox::watermark {
namespace {

// model/__init__.py, compute_subband_freq: the bins up to 2 kHz, rounded.
constexpr int64_t kSubband = 128;

Layers read_layers(const nn::WeightReader& network, std::string_view name, int64_t outputs) {
  Layers layers;
  int64_t in = kSubband;
  const int64_t count = std::max<int64_t>(network.count(name), 1);  // none: the first is missing
  for (int64_t i = 0; i < count; ++i) {
    const nn::WeightReader conv = network.scope(name, i).scope("conv");
    const int64_t out = i + 1 < count ? conv.dim("weight", 0) : outputs;
    const at::Tensor weight = conv.get("weight", {out, in, conv.dim("weight", 2)});
    layers.push_back(nn::make_linear(weight.permute({0, 2, 1}).reshape({out, -1}),
                                     conv.get("bias", {out}), conv.placement()));
    in = out;
  }
  return layers;
}

}  // namespace

std::shared_ptr<const Perth> load_perth(const nn::WeightReader& reader) {
  const nn::WeightReader file = reader.with(reader.placement().in_fp32());
  const nn::WeightReader decoder = file.scope("decoder");
  auto perth = std::make_shared<Perth>();
  perth->window = file.get("ap.spectrogram.window", {kFftSize});
  file.ignore("ap.inv_spectrogram.window");  // the same window
  file.ignore("ap.stretch.phase_advance");   // of an attack in training
  perth->encoder = read_layers(file.scope("encoder"), "layers", kSubband);
  perth->slow = read_layers(decoder, "slow_layers", 2);
  perth->normal = read_layers(decoder, "normal_layers", 2);
  perth->fast = read_layers(decoder, "fast_layers", 2);
  return perth;
}

}  // namespace chatterbox::watermark
