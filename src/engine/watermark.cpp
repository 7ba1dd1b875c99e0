#include "engine/watermark.h"

#include <c10/core/InferenceMode.h>

#include "checkpoint/safetensors.h"
#include "engine/torch_errors.h"
#include "engine/validate.h"
#include "nn/weight_reader.h"
#include "support/error.h"
#include "voice/recording.h"
#include "watermark/find_weights.h"

namespace chatterbox {
namespace {

std::shared_ptr<const watermark::Perth> load(const std::string& path,
                                             const nn::Placement& placement) {
  const c10::InferenceMode inference_mode;
  const nn::WeightReader reader(checkpoint::open_safetensors(path), placement);
  auto perth = watermark::load_perth(reader);
  reader.finish();
  return perth;
}

[[noreturn]] void fail_without_weights() {
  fail(Status::kNotFound,
       "the watermark's weights, {}, are not installed (cmake/setup.sh fetches them), and {} names "
       "no such file",
       watermark::kWeightsFile, watermark::kWeightsVariable);
}

}  // namespace

namespace engine {

std::shared_ptr<const watermark::Perth> load_watermark(const EngineOptions& options,
                                                       const std::string& model_folder,
                                                       const nn::Placement& placement) {
  if (options.watermark == Watermark::kOff) return nullptr;
  const auto path = watermark::find_weights(model_folder);
  if (path) return load(*path, placement);
  if (options.watermark == Watermark::kOn) fail_without_weights();
  return nullptr;
}

}  // namespace engine

float detect_watermark(const Audio& audio) {
  engine::validate_recording(audio, engine::kLeastMarkedSeconds);
  const auto path = watermark::find_weights("");
  if (!path) fail_without_weights();
  return engine::translate_torch_errors([&] {
    const c10::InferenceMode inference_mode;
    return watermark::detect(*load(*path, {}), voice::mono_mix(audio), audio.sample_rate);
  });
}

}  // namespace chatterbox
