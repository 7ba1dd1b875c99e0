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

// What a file of T3's weights can be loaded as.
struct StoredT3 {
  std::string path;   // for messages
  bool int8 = false;  // int8 alone, for its matrices are stored so
};

// What the options ask for on this device; auto by what this machine is fastest with. Throws
// kUnsupported for int8 on CUDA, and for anything else where T3 is stored in int8.
[[nodiscard]] StagePlacements choose_placements(const EngineOptions& options, c10::Device device,
                                                const StoredT3& t3);

[[nodiscard]] std::string precision_name(Precision precision);
[[nodiscard]] std::string precision_name(const nn::Placement& placement);
[[nodiscard]] std::string precision_name(c10::ScalarType type);
// What multiplies T3's matrices in a decode step, and S3Gen's in an Euler step: the number format,
// and the instruction set of own kernels, or "libtorch".
[[nodiscard]] std::string t3_kernels(const nn::Placement& placement);
[[nodiscard]] std::string s3gen_kernels(const nn::Placement& placement, bool on_frame_kernels);
// Of the whole model: as the options say, or the default of the device and the weights.
[[nodiscard]] Precision asked_precision(const EngineOptions& options, c10::Device device,
                                        const StoredT3& t3);

}  // namespace chatterbox::runtime
