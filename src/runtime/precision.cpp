#include "runtime/precision.h"

#include "nn/cpu/frame_kernels.h"
#include "nn/cpu/int8.h"
#include "nn/cpu/kernels.h"
#include "support/error.h"

namespace chatterbox::runtime {
namespace {

constexpr const char* kLibtorch = "libtorch";

nn::Placement place_t3(Precision asked, c10::Device device) {
  if (asked == Precision::kAuto) asked = device.is_cpu() ? Precision::kInt8 : Precision::kBf16;
  if (asked == Precision::kInt8 && !device.is_cpu()) {
    fail(Status::kUnsupported, "device {}: int8 is for a CPU; use bf16 or auto", device.str());
  }
  nn::Placement placement{device, asked == Precision::kFp32 ? c10::kFloat : c10::kBFloat16};
  placement.int8 = asked == Precision::kInt8;
  return placement;
}

// Where it is not asked for itself, int8 means what is fastest.
nn::Placement place_s3gen(Precision asked, c10::Device device) {
  if (asked == Precision::kAuto || asked == Precision::kInt8) {
    const bool bf16 = !device.is_cpu() || nn::cpu::multiplies_bf16();
    asked = bf16 ? Precision::kBf16 : Precision::kFp32;
  }
  return {device, asked == Precision::kFp32 ? c10::kFloat : c10::kBFloat16};
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
  stages.s3gen = place_s3gen(options.s3gen_precision.value_or(all), device);
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
  return precision_name(placement) + " " +
         (on_frame_kernels && unit ? nn::cpu::name(*unit) : kLibtorch);
}

}  // namespace chatterbox::runtime
