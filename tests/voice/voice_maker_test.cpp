#include "voice/voice_maker.h"

#include <gtest/gtest.h>

#include <limits>

#include "audio/codec.h"
#include "audio/wav.h"
#include "audio/wav_bytes.h"
#include "checkpoint/safetensors.h"
#include "support/error.h"
#include "support/temporary_folder.h"
#include "voice/bad_audio.h"
#include "voice/recording.h"
#include "voice/same_bits.h"
#include "voice/tiny_models.h"
#include "voice/voice_golden.h"

namespace chatterbox::voice {
namespace {

using testing::Golden;
using testing::recording;

class VoiceMakerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    maker_ = load_voice_maker(testing::tiny_reader("ve"), testing::tiny_reader("s3gen"));
  }
  static void TearDownTestSuite() { maker_.reset(); }

  static Audio half_a_second() {
    Audio audio = recording("espeak_m3.wav");
    EXPECT_EQ(audio.sample_rate, 24000);
    audio.samples = {audio.samples.begin() + 24000, audio.samples.begin() + 36000};
    return audio;
  }

  static std::shared_ptr<const VoiceMaker> maker_;
};
std::shared_ptr<const VoiceMaker> VoiceMakerTest::maker_;

// Longer than ten seconds, at 24 kHz.
TEST_F(VoiceMakerTest, EqualsTheReference) {
  testing::expect_voice(*maker_, recording("espeak_m3.wav"), Golden("en_tiny_default"));
}

// 22.05 kHz, 3.4 s: resampled at first, no cut, and one token more than the mel has pairs of
// frames.
TEST_F(VoiceMakerTest, EqualsTheReferenceAtAnotherRate) {
  testing::expect_voice(*maker_, recording("espeak_f3_22k.wav"), Golden("voice_vectors"),
                        "f3_22k.");
}

// The mel's 25 frames have room for 12 of the 13 tokens.
TEST_F(VoiceMakerTest, EqualsTheReferenceForHalfASecond) {
  testing::expect_voice(*maker_, half_a_second(), Golden("voice_vectors"), "short.");
  EXPECT_EQ(make_voice(*maker_, half_a_second()).s3gen_tokens.size(), 12U);
}

// Tokens and mel are cut alike. All else is of the whole recording.
TEST_F(VoiceMakerTest, AShorterPromptShortensWhatS3GenContinuesFrom) {
  const Audio audio = recording("espeak_m3.wav");
  const Conditionals whole = make_voice(*maker_, audio);
  VoiceRecipe recipe;
  recipe.s3gen_seconds = 3;
  const Conditionals cut = make_voice(*maker_, audio, recipe);
  EXPECT_EQ(whole.s3gen_tokens.size(), 250U);
  EXPECT_EQ(cut.s3gen_tokens.size(), 75U);
  EXPECT_EQ(cut.mel_frames(), 150);
  // The mel's last frames see the end, which is not where it was.
  const auto end = static_cast<std::ptrdiff_t>(80 * 145);
  EXPECT_TRUE(
      std::equal(cut.s3gen_mel.begin(), cut.s3gen_mel.begin() + end, whole.s3gen_mel.begin()));
  EXPECT_EQ(cut.prompt_tokens, whole.prompt_tokens);
  EXPECT_EQ(cut.speaker_emb, whole.speaker_emb);
  EXPECT_EQ(cut.x_vector, whole.x_vector);
}

TEST_F(VoiceMakerTest, EqualsTheReferenceFor24Bits) {
  std::string data;
  for (const float sample : half_a_second().samples) {
    data += audio::little(static_cast<int32_t>(sample * 8388608)).substr(0, 3);
  }
  audio::WavFields wav;
  wav.bits = 24;
  wav.data = data;
  const std::string file = wav.file();
  const Audio audio = audio::parse_wav(file.data(), file.size(), "24 bits");
  testing::expect_voice(*maker_, audio, Golden("voice_vectors"), "short.");
}

// A prompt in any format is as good as its decoded samples in a WAV file.
TEST_F(VoiceMakerTest, APromptInAnyFormatMakesTheVoiceOfItsWav) {
  using audio::AudioFormat;
  const Audio original = half_a_second();
  for (const AudioFormat format :
       {AudioFormat::kFlac, AudioFormat::kVorbis, AudioFormat::kOpus, AudioFormat::kMp3}) {
    const std::string file = audio::encode_audio(original, format);
    const Audio prompt = audio::decode_audio(file.data(), file.size(), "prompt");
    audio::WavFields wav;
    wav.code = 3;
    wav.bits = 32;
    wav.data.assign(reinterpret_cast<const char*>(prompt.samples.data()),
                    prompt.samples.size() * sizeof(float));
    const std::string bytes = wav.file();
    const Audio decoded = audio::decode_audio(bytes.data(), bytes.size(), "decoded");
    EXPECT_EQ(decoded.samples, prompt.samples) << audio::name_of(format);
    const Conditionals voice = make_voice(*maker_, prompt);
    testing::expect_same_bits(voice, make_voice(*maker_, decoded));
    if (format == AudioFormat::kFlac) {
      testing::expect_same_bits(voice, make_voice(*maker_, original));
    }
  }
}

TEST_F(VoiceMakerTest, EqualsTheReferenceInStereo) {
  const std::vector<float> left = recording("espeak_f3_22k.wav").samples;
  Audio stereo{{}, 44100, 2};
  for (size_t i = 0; i < left.size(); ++i) {
    stereo.samples.push_back(left[i]);
    stereo.samples.push_back(left[left.size() - 1 - i] / 2);
  }
  testing::expect_voice(*maker_, stereo, Golden("voice_vectors"), "stereo_44k.");
}

TEST_F(VoiceMakerTest, EqualsTheReferenceAtTheLowestAndTheHighestRate) {
  const std::vector<float> f3 = recording("espeak_f3_22k.wav").samples;
  const Audio low{{f3.begin(), f3.begin() + 7201}, 8000, 1};
  testing::expect_voice(*maker_, low, Golden("voice_vectors"), "8k.");
  const std::vector<float> m3 = recording("espeak_m3.wav").samples;
  const Audio high{{m3.begin() + 24000, m3.begin() + 144001}, 192000, 1};
  testing::expect_voice(*maker_, high, Golden("voice_vectors"), "192k.");
}

// All of a recording is heard for the speaker embedding, but for the silence around it; S3Gen hears
// the first ten seconds.
TEST_F(VoiceMakerTest, EqualsTheReferenceForALongRecording) {
  const Audio once = recording("espeak_m3.wav");
  const Conditionals voice = make_voice(*maker_, testing::repeated(once, 4));
  testing::expect_close(testing::as_tensor(voice.speaker_emb),
                        Golden("voice_vectors").tensor("four_times.voice.speaker_emb"),
                        testing::Stage::kSpeakerEmbedding);
  EXPECT_EQ(voice.mel_frames(), 500);
  EXPECT_EQ(voice.s3gen_tokens.size(), 250U);
  EXPECT_EQ(voice.prompt_tokens.size(), 150U);
  EXPECT_NE(voice.speaker_emb, make_voice(*maker_, once).speaker_emb);
}

TEST_F(VoiceMakerTest, EqualsTheReferenceWithSilenceAround) {
  Audio audio = half_a_second();
  audio.samples.insert(audio.samples.begin(), 24000, 0.0F);
  audio.samples.insert(audio.samples.end(), 24000, 0.0F);
  testing::expect_close(testing::as_tensor(make_voice(*maker_, audio).speaker_emb),
                        Golden("voice_vectors").tensor("in_silence.voice.speaker_emb"),
                        testing::Stage::kSpeakerEmbedding);
}

TEST_F(VoiceMakerTest, TheSameRecordingGivesTheSameBits) {
  const Audio audio = recording("espeak_f3_22k.wav");
  const Conditionals first = make_voice(*maker_, audio);
  for (int i = 0; i < 3; ++i) testing::expect_same_bits(make_voice(*maker_, audio), first);
  const auto other = load_voice_maker(testing::tiny_reader("ve"), testing::tiny_reader("s3gen"));
  testing::expect_same_bits(make_voice(*other, audio), first);
}

// So that what runs beside it waits for a part only, however long the recording is: of 53 s, the
// speaker embedding takes three parts in place of one, and so does its spectrum.
TEST_F(VoiceMakerTest, AVoiceIsMadeInParts) {
  const auto parts_of = [](const Audio& audio) {
    VoiceRun run(*maker_, heard_for_voice(audio), kEnglishRecipe);
    int parts = 1;
    while (!run.next()) ++parts;
    testing::expect_same_bits(run.voice(), make_voice(*maker_, audio));
    return parts;
  };
  const Audio once = recording("espeak_m3.wav");
  const int parts = parts_of(once);
  EXPECT_GT(parts, 12);
  EXPECT_EQ(parts_of(testing::repeated(once, 5)), parts + 4);
}

class VoiceMakerRefuses : public VoiceMakerTest {
 protected:
  static void expect_refused(const Audio& audio, const std::string& why) {
    testing::expect_bad_audio([&] { return make_voice(*maker_, audio); }, why);
  }
  static Audio constant(float value, size_t samples = 24000) {
    return {std::vector<float>(samples, value), 24000, 1};
  }
};

TEST_F(VoiceMakerRefuses, WhatIsTooShort) {
  EXPECT_NO_THROW((void)make_voice(*maker_, constant(0.1F, 1080)));
  expect_refused(constant(0.1F, 1079), "at least 1080 samples at 24 kHz (0.045 s), got 1079");
}

TEST_F(VoiceMakerRefuses, Silence) {
  expect_refused(constant(0), "loudest sample of its mono mix is 0, at least 1e-05 is needed");
  expect_refused(constant(-0.9e-5F), "mono mix is 9e-06, at least 1e-05");
  EXPECT_NO_THROW((void)make_voice(*maker_, constant(-1.1e-5F)));
  // Channels of opposite sign.
  Audio stereo = constant(0);
  stereo.channels = 2;
  for (size_t i = 0; i < stereo.samples.size(); ++i) stereo.samples[i] = i % 2 == 0 ? 0.5F : -0.5F;
  expect_refused(stereo, "mono mix is 0,");
}

TEST_F(VoiceMakerRefuses, IntegersThatNobodyScaled) {
  Audio audio = recording("espeak_f3_22k.wav");
  for (float& sample : audio.samples) sample *= 32768;
  expect_refused(audio, "belong in [-1, 1], the loudest is ");
  expect_refused(constant(-100.5F), "the loudest is 100.5, the limit is 100");
  EXPECT_NO_THROW((void)make_voice(*maker_, constant(100)));
}

// The models of a damaged checkpoint may give anything; a voice of it must not get through.
TEST(VoiceMakerWeightsTest, AVoiceThatIsNotFiniteIsRefused) {
  const auto file = testing::tiny_file("ve");  // the entries point into it
  std::vector<checkpoint::TensorEntry> entries = file->entries();
  const std::vector<float> bias(256, std::numeric_limits<float>::quiet_NaN());
  for (checkpoint::TensorEntry& entry : entries) {
    if (entry.name == "proj.bias") entry.data = bias.data();
  }
  const testing::TemporaryFolder folder;
  checkpoint::write_safetensors(folder.file("ve.safetensors"), entries);
  const nn::WeightReader ve(checkpoint::open_safetensors(folder.file("ve.safetensors")), {});
  const auto maker = load_voice_maker(ve, testing::tiny_reader("s3gen"));
  try {
    (void)make_voice(*maker, recording("espeak_f3_22k.wav"));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadAudio);
    EXPECT_STREQ(
        error.what(),
        "the recording gives no voice: speaker_emb: element 0 is nan, not a finite number");
  }
}

TEST(VoiceMakerWeightsTest, ReadsEveryTensorOfItsModels) {
  const nn::WeightReader ve = testing::tiny_reader("ve");
  const nn::WeightReader s3gen = testing::tiny_reader("s3gen");
  (void)load_voice_maker(ve, s3gen);
  EXPECT_NO_THROW(ve.finish());
  try {
    s3gen.finish();  // flow and vocoder are left
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    const std::string left = error.what();
    EXPECT_EQ(left.find("tokenizer."), std::string::npos) << left;
    EXPECT_EQ(left.find("speaker_encoder."), std::string::npos) << left;
  }
}

TEST(VoiceMakerWeightsTest, ComputesInFp32WhateverTheEnginesType) {
  const nn::Placement bf16{at::kCPU, at::kBFloat16};
  const auto maker =
      load_voice_maker({testing::tiny_file("ve"), bf16}, {testing::tiny_file("s3gen"), bf16});
  testing::expect_voice(*maker, recording("espeak_f3_22k.wav"), Golden("voice_vectors"), "f3_22k.");
}

}  // namespace
}  // namespace chatterbox::voice
