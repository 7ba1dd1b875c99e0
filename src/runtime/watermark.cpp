#include "runtime/watermark.h"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "checkpoint/safetensors.h"
#include "nn/weight_reader.h"
#include "support/error.h"
#include "watermark/find_weights.h"

namespace chatterbox::runtime {
namespace {

[[noreturn]] void fail_without_weights() {
  fail(Status::kNotFound,
       "the watermark's weights, {}, are not installed (cmake/setup.sh fetches them), and {} names "
       "no such file",
       watermark::kWeightsFile, watermark::kWeightsVariable);
}

std::shared_ptr<const watermark::Perth> load(std::shared_ptr<const FileBytes> bytes,
                                             const std::string& name,
                                             const nn::Placement& placement) {
  const c10::InferenceMode inference_mode;
  const nn::WeightReader reader(checkpoint::parse_safetensors(std::move(bytes), name), placement);
  auto perth = watermark::load_perth(reader);
  reader.finish();
  return perth;
}

}  // namespace

std::shared_ptr<const watermark::Perth> load_watermark(Watermark wanted, const FileSource& model,
                                                       FileAccess access,
                                                       const nn::Placement& placement) {
  const std::string own = watermark::kWeightsFile;
  if (wanted == Watermark::kOff) return nullptr;
  if (model.has(own)) return load(model.open(own, access), model.path(own), placement);
  if (const auto path = watermark::find_weights()) {
    return load(open_file(*path, access), *path, placement);
  }
  if (wanted == Watermark::kOn) fail_without_weights();
  return nullptr;
}

std::shared_ptr<const watermark::Perth> load_perth_weights(const std::string& path) {
  const auto file = path.empty() ? watermark::find_weights() : path;
  if (!file) fail_without_weights();
  return load(open_file(*file, FileAccess::kMapped), *file, {});
}

}  // namespace chatterbox::runtime
