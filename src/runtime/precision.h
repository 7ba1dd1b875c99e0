// Which number types the stages of a model take.
#pragma once

#include <string>

#include "nn/placement.h"
#include "runtime/options.h"

namespace chatterbox::runtime {

struct StagePlacements {
  nn::Placement t3;
  nn::Placement s3gen;  // and what reads recordings
  c10::ScalarType kv_cache = c10::kFloat;
};

// What the options ask for on this device; auto by what this machine is fastest with. Throws
// kUnsupported for int8 on CUDA.
[[nodiscard]] StagePlacements choose_placements(const EngineOptions& options, c10::Device device);

[[nodiscard]] std::string precision_name(Precision precision);
[[nodiscard]] std::string precision_name(const nn::Placement& placement);
[[nodiscard]] std::string precision_name(c10::ScalarType type);
// Of the whole model: as the options say, or the device's default.
[[nodiscard]] Precision asked_precision(const EngineOptions& options, c10::Device device);

}  // namespace chatterbox::runtime
