// What S3Gen may ask of a device: one copy there for a batch's flow and one for its vocoder, one
// back and one wait for its waves, and nothing in an Euler step. Prints what it asks for, stage by
// stage, and what a voice does.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <iostream>

#include "audio/codec.h"
#include "device/emulated_kernels.h"
#include "device/stand_in.h"
#include "s3gen/s3gen.h"
#include "s3gen/vocoder_stream.h"
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

void expect_copies(const DeviceRecording& recording, int64_t uploads, int64_t downloads) {
  EXPECT_EQ(recording.counts().uploads, uploads);
  EXPECT_EQ(recording.counts().downloads, downloads);
  EXPECT_EQ(recording.counts().synchronisations, downloads);
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
    expect_copies(recording, step == 0 ? 1 : 0, 0);
    recording.restart();
  };
  const auto mels = s3gen::tokens_to_mel(*flow, rows, options);
  std::vector<s3gen::VocoderRow> spectra;
  for (size_t i = 0; i < batch; ++i) spectra.push_back({mels[i], seeded(i), {}});
  recording.restart();
  static_cast<void>(s3gen::mel_to_wave(*vocoder, spectra));
  print("vocoder", recording);
  expect_copies(recording, 1, 1);
}

TEST_F(Budgets, EulerStep) { measure_speech(reader("s3gen"), "en_tiny_default", 1); }
TEST_F(Budgets, EulerStepOfABatch) { measure_speech(reader("s3gen"), "en_tiny_default", 3); }
TEST_F(Budgets, EulerStepOfAMeanFlow) {
  measure_speech(reader("s3gen_meanflow"), "turbo_tiny_default", 2);
}

// A chunk of a stream: its flow, whose condition stays on the device, and its vocoder.
TEST_F(Budgets, AChunk) {
  const Golden golden("en_tiny_default");
  const voice::Conditionals voice = voice_of(golden);
  const nn::WeightReader s3gen = reader("s3gen");
  const auto flow = s3gen::load_flow(s3gen);
  const auto vocoder = s3gen::load_vocoder(s3gen);
  const std::vector<int64_t> tokens = values<int64_t>(golden.tensor("s3gen.speech_tokens"));
  s3gen::VocoderStream stream(*vocoder, s3gen::short_halo(*vocoder), 7);
  s3gen::FlowOptions options;
  options.steps = 2;
  at::Tensor mel;
  for (const int64_t first : {0, 20}) {
    const DeviceRecording recording;
    std::vector<s3gen::FlowRow> rows(1);
    rows[0].speech_tokens = {tokens.begin(), tokens.begin() + first + 23};
    rows[0].voice = &voice;
    rows[0].noise_seed = 7;
    rows[0].part = {0, first, first + 20, false, mel};
    mel = s3gen::tokens_to_mel(*flow, rows, options).front();
    expect_copies(recording, 1, 0);
    const at::Tensor wave = stream.push(*vocoder, mel, false);
    ASSERT_GT(wave.size(0), 0);
    print("chunk", recording);
    expect_copies(recording, 2, 1);
  }
}

// Of HiFT's activations, one launch each.
TEST_F(Budgets, OwnKernelsTakeFewerOperators) {
  const auto vocoder = s3gen::load_vocoder(reader("s3gen"));
  const at::Tensor mel = noise({80, 30}, 3).to(kDevice);
  const auto operators = [&] {
    const DeviceRecording recording;
    std::vector<s3gen::VocoderRow> rows;
    for (const int64_t frames : {30, 11}) rows.push_back({mel.narrow(1, 0, frames), seeded(1), {}});
    static_cast<void>(s3gen::mel_to_wave(*vocoder, rows));
    return std::pair(recording.counts().operators, recording.operators()["own::snake"]);
  };
  const auto [without, none] = operators();
  const EmulatedKernels emulated;
  const auto [with, snakes] = operators();
  EXPECT_EQ(none, 0);
  EXPECT_GT(snakes, 0);
  EXPECT_EQ(without - with, 5 * snakes);  // six operators without
  std::cout << "[ measured ] vocoder: " << without << " operators, " << with
            << " with own kernels\n";
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
