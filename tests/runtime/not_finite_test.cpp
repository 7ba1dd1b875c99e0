// What is not finite in a request, on the CPU in each precision.
#include "runtime/not_finite.h"
#include "runtime/machines.h"
#include "support/synthetic_folder.h"

namespace chatterbox::testing {
namespace {

template <Precision t3, Precision s3gen>
EngineOptions in() {
  EngineOptions options = cpu_options(synthetic_folder());
  options.t3_precision = t3;
  options.s3gen_precision = s3gen;
  return options;
}

float* memory(const TensorView& view) { return static_cast<float*>(const_cast<void*>(view.data)); }

const std::vector<const char*> kAll = {"s3gen.mu", "s3gen.mel", "s3gen.source", "s3gen.wav"};
constexpr Precision kFp32 = Precision::kFp32, kBf16 = Precision::kBf16, kInt8 = Precision::kInt8;
INSTANTIATE_TEST_SUITE_P(Precisions, NotFinite,
                         ::testing::Values(NotFiniteSetup{"Fp32", &in<kFp32, kFp32>, kAll, &memory},
                                           NotFiniteSetup{"Bf16", &in<kBf16, kBf16>, kAll, &memory},
                                           NotFiniteSetup{"Int8", &in<kInt8, kInt8>, kAll,
                                                          &memory}),
                         &name_of);

}  // namespace
}  // namespace chatterbox::testing
