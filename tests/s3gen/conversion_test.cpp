// S3Gen in a voice conversion: the source's tokens in the target's voice, against the reference.
// Largest differences as measured: mu 3e-6, mel 4e-6, source 1.8e-4, wave 9e-6.
#include <gtest/gtest.h>

#include "s3gen/flow_golden.h"
#include "s3gen/flow_noise.h"
#include "s3gen/vocoder_golden.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox::s3gen {
namespace {

using testing::Golden;

class Conversion : public ::testing::Test {
 protected:
  static nn::WeightReader tiny_reader() {
    return {testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny), {}};
  }
  // There is no T3, so the flow draws first.
  at::Generator generator() const { return testing::seeded(std::stoull(golden_.meta("seed"))); }

  const Golden golden_{"vc_tiny"};
};

TEST_F(Conversion, FlowEqualsTheReference) {
  ASSERT_TRUE(at::equal(golden_.tensor("vc.tokens"), golden_.tensor("s3gen.speech_tokens")));
  expect_equals_reference(*load_flow(tiny_reader()), golden_, golden_voice(golden_, golden_),
                          generator());
}

TEST_F(Conversion, VocoderEqualsTheReference) {
  const at::Generator after_flow = generator();
  (void)draw_noise(after_flow, golden_.tensor("s3gen.mu").size(0));
  expect_equals_reference(*load_vocoder(tiny_reader()), golden_, after_flow, GoldenSource::kKept);
}

}  // namespace
}  // namespace chatterbox::s3gen
