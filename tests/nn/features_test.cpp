// What the environment variable allows. CTest runs all tests of this program without it, and these
// again with it.
#include "nn/cpu/features.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "nn/cpu/frame_kernels.h"
#include "nn/cpu/int8.h"
#include "support/failure_of.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr Feature kAll[] = {Feature::kAvx2,       Feature::kAvxVnni,    Feature::kAvx512,
                            Feature::kAvx512Vnni, Feature::kAvx512Bf16, Feature::kAmxInt8,
                            Feature::kAmxBf16};

// Letters for the features of a level, in the order above.
std::string features_of(Level level) {
  std::string letters;
  for (const Feature feature : kAll) letters += has(level, feature) ? 'x' : '-';
  return letters;
}

TEST(Features, OfEachLevel) {
  EXPECT_EQ(features_of(allowed_level("portable")), "-------");
  EXPECT_EQ(features_of(allowed_level("avx2")), "x------");
  EXPECT_EQ(features_of(allowed_level("avx-vnni")), "xx-----");
  EXPECT_EQ(features_of(allowed_level("avx512")), "x-x----");
  EXPECT_EQ(features_of(allowed_level("avx512-vnni")), "xxxx---");
  EXPECT_EQ(features_of(allowed_level("avx512-bf16")), "xxxxx--");
  EXPECT_EQ(features_of(allowed_level("amx")), "xxxxxxx");
}

TEST(Features, AllWithoutTheVariable) {
  EXPECT_EQ(allowed_level(nullptr), Level::kAmx);
  EXPECT_EQ(allowed_level(""), Level::kAmx);
}

TEST(Features, ALevelThatThereIsNotIsAnError) {
  const auto failure = testing::failure_of([] { (void)allowed_level("AVX2"); });
  EXPECT_EQ(failure.status, Status::kInvalidArgument);
  EXPECT_EQ(failure.message,
            "the environment variable CHATTERBOX_CPU_ISA must be one of portable, avx2, avx-vnni, "
            "avx512, avx512-vnni, avx512-bf16, amx, got AVX2");
}

// Under CTest with "avx2", so on a machine with more this fails where the variable is not read.
TEST(Features, NothingBeyondTheVariableIsUsed) {
  const Level level = allowed_level(std::getenv(kLevelVariable));
  for (const Feature feature : kAll) EXPECT_LE(usable(feature), has(level, feature));
  if (level != Level::kAvx2 || !usable(Feature::kAvx2)) return;
  EXPECT_STREQ(name(fp32_isa()), "avx2");
  EXPECT_STREQ(name(bf16_isa()), "avx2");
  EXPECT_STREQ(name(int8_isa()), "avx2");
  EXPECT_EQ(frame_kernels(), nullptr);
}

}  // namespace
}  // namespace chatterbox::nn::cpu
