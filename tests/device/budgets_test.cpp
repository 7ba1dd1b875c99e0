// What S3Gen may ask of a device: no copy and no wait in an Euler step. Prints what it asks for,
// stage by stage, and what a voice does.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <iostream>

#include "audio/codec.h"
#include "device/stand_in.h"
#include "s3gen/s3gen.h"
#include "support/golden.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"
#include "voice/voice_maker.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};

void print(const char* stage, const DeviceRecording& recording) {
  std::cout << "[ measured ] " << stage << ": " << recording.report() << "\n";
}

class Budgets : public ::testing::Test {
 protected:
  Budgets() { use_stand_in(); }

  static nn::WeightReader reader(const char* file) {
    return {make_synthetic(file, SyntheticSize::kTiny), {kDevice, c10::kFloat}};
  }
  const c10::InferenceMode inference_mode_;
};

voice::Conditionals voice_of(const Golden& golden) {
  voice::Conditionals voice;
  voice.s3gen_tokens = values<int64_t>(golden.tensor("voice.gen.prompt_token"));
  voice.s3gen_mel = values<float>(golden.tensor("voice.gen.prompt_feat"));
  voice.x_vector = values<float>(golden.tensor("voice.gen.embedding"));
  return voice;
}

void measure_speech(const nn::WeightReader& reader, const char* golden_name, size_t batch) {
  const Golden golden(golden_name);
  const voice::Conditionals voice = voice_of(golden);
  std::vector<s3gen::FlowRow> rows;
  std::vector<int64_t> tokens = values<int64_t>(golden.tensor("s3gen.speech_tokens"));
  for (size_t i = 0; i < batch; ++i) {
    rows.push_back({tokens, &voice, seeded(i), {}});
    tokens.resize(tokens.size() - 3);
  }
  const auto flow = s3gen::load_flow(reader);
  const auto vocoder = s3gen::load_vocoder(reader);
  DeviceRecording recording;
  s3gen::FlowOptions options;
  options.steps = 3;
  options.before_step = [&](int64_t step) {
    print(step == 0 ? "encoder" : "Euler step", recording);
    if (step > 0) {
      EXPECT_EQ(recording.counts().uploads, 0);
      EXPECT_EQ(recording.counts().downloads, 0);
      EXPECT_EQ(recording.counts().synchronisations, 0);
    }
    recording.restart();
  };
  const auto mels = s3gen::tokens_to_mel(*flow, rows, options);
  std::vector<s3gen::VocoderRow> spectra;
  for (size_t i = 0; i < batch; ++i) spectra.push_back({mels[i], seeded(i), {}});
  recording.restart();
  static_cast<void>(s3gen::mel_to_wave(*vocoder, spectra));
  print("vocoder", recording);
}

TEST_F(Budgets, EulerStep) { measure_speech(reader("s3gen"), "en_tiny_default", 1); }
TEST_F(Budgets, EulerStepOfABatch) { measure_speech(reader("s3gen"), "en_tiny_default", 3); }
TEST_F(Budgets, EulerStepOfAMeanFlow) {
  measure_speech(reader("s3gen_meanflow"), "turbo_tiny_default", 2);
}

TEST_F(Budgets, Voice) {
  const auto maker = voice::load_voice_maker(reader("ve"), reader("s3gen"));
  const Audio audio =
      audio::read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav");
  const DeviceRecording recording;
  static_cast<void>(voice::make_voice(*maker, audio));
  print("voice", recording);
}

}  // namespace
}  // namespace chatterbox::testing
