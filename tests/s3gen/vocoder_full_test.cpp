// The official size. Largest differences from the reference as measured (2 cores, AVX-512, 2
// threads): f0 9e-5 of 189 Hz, source 1e-4, wave 1.8e-5.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "checkpoint/safetensors.h"
#include "s3gen/vocoder_golden.h"

namespace chatterbox::s3gen {
namespace {

TEST(VocoderFull, EqualsTheReference) {
  const char* folder = std::getenv("CHATTERBOX_FULL_CHECKPOINT");
  if (folder == nullptr) GTEST_SKIP() << "CHATTERBOX_FULL_CHECKPOINT names no checkpoint folder";
  const nn::WeightReader reader(
      checkpoint::open_safetensors(std::string(folder) + "/s3gen.safetensors"), {});
  expect_equals_reference(*load_vocoder(reader), "en_full_default");
}

}  // namespace
}  // namespace chatterbox::s3gen
