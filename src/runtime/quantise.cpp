#include "runtime/quantise.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "nn/int8_file.h"
#include "runtime/cores.h"
#include "runtime/family_table.h"
#include "runtime/model_set.h"
#include "runtime/torch_errors.h"
#include "support/atomic_folder.h"
#include "support/error.h"
#include "support/on_new_thread.h"
#include "t3/quantise.h"

namespace chatterbox::runtime {
namespace {

// As loading the result will read it, T3 in int8.
EngineOptions options_for(const std::string& model, std::optional<Family> family) {
  EngineOptions options;
  options.model = model;
  options.family = family;
  options.device = "cpu";
  options.precision = Precision::kFp32;
  options.t3_precision = Precision::kInt8;
  options.memory_limit = int64_t{1} << 40;  // no request is made
  options.watermark = Watermark::kOff;
  return options;
}

bool is_t3(const std::string& name) {
  return std::any_of(families().begin(), families().end(),
                     [&](const FamilyTraits& traits) { return name == traits.t3; });
}

void write(const EngineOptions& options, const std::string& output) {
  AtomicFolder folder(output);
  const ModelFiles files = open_model(options);
  if (nn::holds_int8(*files.t3)) {
    fail(Status::kInvalidArgument, "{}: holds int8 already", files.t3->path());
  }
  (void)ModelSet(options);
  const c10::InferenceMode inference_mode;
  folder.add(files.traits.t3,
             [&](const AtomicFolder::Sink& sink) { t3::quantise(files.t3, sink); });
  for (const std::string& name : files.source->names()) {
    if (name.front() != '.' && !is_t3(name)) folder.add(files.source->path(name), name);
  }
  folder.commit();
}

}  // namespace

void quantise(const std::string& model, std::optional<Family> family, const std::string& output) {
  on_new_thread([&] {
    at::set_num_threads(usable_cores());
    translate_torch_errors([&] { write(options_for(model, family), output); });
  });
}

}  // namespace chatterbox::runtime
