#include "runtime/precision.h"

#include "nn/cpu/frame_kernels.h"
#include "nn/cpu/int8.h"
#include "nn/cpu/kernels.h"
#include "support/error.h"

namespace chatterbox::runtime {
namespace {

constexpr const char* kLibtorch = "libtorch";

void require_cpu(c10::Device device) {
  if (device.is_cpu()) return;
  fail(Status::kUnsupported, "device {}: int8 is for a CPU; use bf16 or auto", device.str());
}

nn::Placement place_t3(Precision asked, c10::Device device) {
  if (asked == Precision::kAuto) asked = device.is_cpu() ? Precision::kInt8 : Precision::kBf16;
  if (asked == Precision::kInt8) require_cpu(device);
  nn::Placement placement{device, asked == Precision::kFp32 ? c10::kFloat : c10::kBFloat16};
  placement.int8 = asked == Precision::kInt8;
  return placement;
}

// Int8 is for the linear layers of the estimator alone: all else has what this machine multiplies
// fastest.
nn::Placement place_s3gen(Precision asked, c10::Device device) {
  const bool bf16 = !device.is_cpu() || nn::cpu::multiplies_bf16();
  const c10::ScalarType fastest = bf16 ? c10::kBFloat16 : c10::kFloat;
  nn::Placement placement{device, fastest};
  switch (asked) {
    case Precision::kFp32:
      placement.dtype = c10::kFloat;
      break;
    case Precision::kBf16:
      placement.dtype = c10::kBFloat16;
      break;
    case Precision::kInt8:
      require_cpu(device);
      placement.int8 = true;
      break;
    case Precision::kAuto:
      placement.int8 = device.is_cpu() && nn::cpu::multiplies_frames_in_int8();
  }
  return placement;
}

}  // namespace

Precision asked_precision(const EngineOptions& options, c10::Device device, const StoredT3& t3) {
  if (options.precision) return *options.precision;
  if (t3.int8) return Precision::kInt8;
  return device.is_cpu() ? Precision::kFp32 : Precision::kBf16;
}

StagePlacements choose_placements(const EngineOptions& options, c10::Device device,
                                  const StoredT3& t3) {
  const Precision all = asked_precision(options, device, t3);
  StagePlacements stages;
  stages.t3 = place_t3(options.t3_precision.value_or(all), device);
  if (t3.int8 && !stages.t3.int8) {
    fail(Status::kUnsupported,
         "{}: holds int8 (chatterbox quantise), T3 was to run in {} on {}; use int8 or auto on a "
         "CPU, or the folder that it was made from",
         t3.path, precision_name(stages.t3), device.str());
  }
  // Int8 of the whole engine is T3's; S3Gen then has what is fastest.
  const Precision s3gen = all == Precision::kInt8 ? Precision::kAuto : all;
  stages.s3gen = place_s3gen(options.s3gen_precision.value_or(s3gen), device);
  stages.kv_cache = stages.t3.dtype;
  if (options.kv_cache) {
    stages.kv_cache = *options.kv_cache == Precision::kFp32 ? c10::kFloat : c10::kBFloat16;
  }
  return stages;
}

std::string precision_name(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kInt8:
      return "int8";
    case Precision::kAuto:
      return "auto";
  }
  fail(Status::kInternal, "precision {} has no name", static_cast<int32_t>(precision));
}

std::string precision_name(c10::ScalarType type) {
  return precision_name(type == c10::kBFloat16 ? Precision::kBf16 : Precision::kFp32);
}

std::string precision_name(const nn::Placement& placement) {
  return placement.int8 ? precision_name(Precision::kInt8) : precision_name(placement.dtype);
}

std::string t3_kernels(const nn::Placement& placement) {
  const std::string precision = precision_name(placement) + " ";
  if (!placement.device.is_cpu()) return precision + kLibtorch;
  if (placement.int8) return precision + nn::cpu::name(nn::cpu::int8_isa());
  return precision +
         nn::cpu::name(placement.dtype == c10::kFloat ? nn::cpu::fp32_isa() : nn::cpu::bf16_isa());
}

std::string s3gen_kernels(const nn::Placement& placement, bool on_frame_kernels) {
  const auto unit = nn::cpu::frame_unit();
  std::string base = precision_name(placement.dtype) + " " +
                     (on_frame_kernels && unit ? nn::cpu::name(*unit) : kLibtorch);
  if (!placement.int8) return base;
  const auto int8 = on_frame_kernels ? nn::cpu::Int8Isa::kAvx512Vnni : nn::cpu::int8_isa();
  return precision_name(placement) + " " + nn::cpu::name(int8) + ", " + base;
}

}  // namespace chatterbox::runtime
