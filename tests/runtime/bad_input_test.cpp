// Texts, options and recordings that cannot be, given to the engine with its models: each has a
// status of its own and a message with the value, and the engine speaks afterwards as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include "audio/codec.h"
#include "audio/wav_bytes.h"
#include "engine/engine.h"
#include "runtime/machines.h"
#include "support/error.h"
#include "support/synthetic_folder.h"
#include "support/temporary_folder.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;

class BadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    engine_ = std::make_unique<Engine>(testing::cpu_options(testing::synthetic_folder()));
    speech_ = speak();
  }
  static void TearDownTestSuite() { engine_.reset(); }
  void TearDown() override { EXPECT_EQ(speak(), speech_); }

  static Request request_for(const std::string& text) {
    Request request;
    request.text = text;
    request.seed = 1;
    request.max_new_tokens = 8;
    request.cfm_steps = 2;
    return request;
  }
  static void generate(const Request& request) { (void)engine().submit(request).result(); }
  static std::vector<float> speak() {
    return engine().submit(request_for("Hello.")).result().audio.samples;
  }
  static Engine& engine() { return *engine_; }

 private:
  static std::unique_ptr<Engine> engine_;
  static std::vector<float> speech_;
};
std::unique_ptr<Engine> BadInput::engine_;
std::vector<float> BadInput::speech_;

void expect_error(Status status, const std::string& text, const std::function<void()>& work) {
  try {
    work();
    ADD_FAILURE() << "no error, expected: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

TEST_F(BadInput, Texts) {
  // Every letter of this one is a token of its own in the English vocabulary.
  std::string long_text;
  while (long_text.size() < 9000) long_text += "qzxj";
  const std::pair<std::string, const char*> cases[] = {
      {"", "text must not be blank"},
      {" \t\n\xe2\x80\x83", "text must not be blank"},
      {std::string(10001, 'a'), "text must have at most 10000 bytes, got 10001"},
      {long_text, "tokens with start and stop, the limit is "},
      {"caf\xe9", "text must be UTF-8, byte 3 (0xe9) is not"},
      {std::string("a\0b", 3), "text must not contain NUL, got one at byte 1"},
  };
  for (const auto& [text, message] : cases) {
    expect_error(Status::kInvalidArgument, message,
                 [&, text = text] { generate(request_for(text)); });
  }
}

// Refused where it is submitted: the heads that tell the alignment are not in a tiny model.
TEST_F(BadInput, AnalysisThatTheModelCannotGive) {
  Request request = request_for("Hello.");
  request.analyze_alignment = true;
  expect_error(Status::kInvalidArgument, "the model has no head 15 in layer 12 to analyze",
               [&] { (void)engine().submit(request); });
}

TEST_F(BadInput, Options) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::pair<std::optional<float> Request::*, const char*> members[] = {
      {&Request::temperature, "temperature"},
      {&Request::cfg_weight, "cfg_weight"},
      {&Request::exaggeration, "exaggeration"},
      {&Request::min_p, "min_p"},
      {&Request::top_p, "top_p"},
      {&Request::repetition_penalty, "repetition_penalty"},
  };
  for (const auto& [member, name] : members) {
    for (const auto& [value, text] :
         {std::pair{nan, "nan"}, {infinity, "inf"}, {-infinity, "-inf"}, {100.F, "100"}}) {
      Request request = request_for("Hello.");
      request.*member = value;
      expect_error(Status::kInvalidArgument, std::string(name) + " must be ",
                   [&] { generate(request); });
      expect_error(Status::kInvalidArgument, std::string("got ") + text,
                   [&] { generate(request); });
    }
  }
}

// Files made by hand: half a second of a 250 Hz tone unless a test says otherwise.
class BadRecording : public BadInput {
 protected:
  [[nodiscard]] std::string write(const std::string& bytes) const {
    const std::string path = folder_.file("a.wav");
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  [[nodiscard]] Voice make(const std::string& bytes) const {
    return engine().make_voice(audio::read_audio(write(bytes)), {});
  }
  void expect_refused(const std::string& bytes, const std::string& text) const {
    expect_error(Status::kBadAudio, text, [&] { (void)make(bytes); });
  }

 private:
  testing::TemporaryFolder folder_;
};

audio::WavFields tone(double seconds, uint32_t rate, uint16_t channels, uint16_t bits) {
  audio::WavFields wav;
  wav.rate = rate;
  wav.channels = channels;
  wav.bits = bits;
  wav.data.clear();
  const auto frames = static_cast<int64_t>(seconds * rate);
  for (int64_t i = 0; i < frames; ++i) {
    const double sample =
        0.5 * std::sin(2 * 3.14159265358979 * 250 * static_cast<double>(i) / rate);
    const auto scaled = static_cast<int32_t>(sample * 2147483647);
    for (int channel = 0; channel < channels; ++channel) {
      wav.data += audio::little(static_cast<uint32_t>(scaled)).substr(4U - bits / 8U);
    }
  }
  return wav;
}

TEST_F(BadRecording, OfEveryRateWidthAndNumberOfChannels) {
  for (const uint32_t rate : {8000U, 24000U, 192000U}) {
    for (const uint16_t bits : {uint16_t{16}, uint16_t{24}}) {
      for (const uint16_t channels : {uint16_t{1}, uint16_t{2}}) {
        const auto voice = make(tone(1, rate, channels, bits).file()).conditionals();
        EXPECT_EQ(voice->s3gen_tokens.size(), 25U) << rate << ' ' << bits << ' ' << channels;
        EXPECT_EQ(voice->mel_frames(), 50);
        EXPECT_EQ(voice->prompt_tokens.size(), 25U);
      }
    }
  }
}

TEST_F(BadRecording, OfTheShortestAndTheLongestTime) {
  EXPECT_GT(make(tone(0.5, 8000, 1, 16).file()).conditionals()->s3gen_tokens.size(), 10U);
  // The first 10 s of it are S3Gen's, the first 6 s T3's.
  const auto voice = make(tone(600, 8000, 1, 16).file()).conditionals();
  EXPECT_EQ(voice->s3gen_tokens.size(), 250U);
  EXPECT_EQ(voice->prompt_tokens.size(), 150U);
  expect_refused(tone(600.01, 8000, 1, 16).file(), "0.5 to 600 s long, got 600.01 s");
  expect_refused(tone(0.49, 8000, 1, 16).file(), "0.5 to 600 s long, got 0.49 s (3920 frames)");
}

TEST_F(BadRecording, WithoutSamplesOrWithOne) {
  audio::WavFields wav;
  wav.data.clear();
  expect_refused(wav.file(), "no samples");
  wav.data = std::string("\x01\x02", 2);
  expect_refused(wav.file(), "0.5 to 600 s long, got 4.16667e-05 s (1 frames)");
}

TEST_F(BadRecording, WithSamplesThatAreNotFinite) {
  audio::WavFields wav;
  wav.code = 3;
  wav.bits = 32;
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> samples(24000, 0.25F);
    samples[12345] = bad;
    wav.data.assign(reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(float));
    expect_refused(wav.file(), "sample 12345 is ");
  }
}

TEST_F(BadRecording, ThatIsCutOffOrNoWav) {
  const std::string file = tone(1, 24000, 1, 16).file();
  expect_refused(file.substr(0, file.size() / 2), "a.wav: truncated");
  expect_refused(file.substr(0, 20), "a.wav: truncated");
  expect_refused("", "a.wav: ");
  expect_refused("no music", "a.wav: ");
  expect_refused(tone(1, 7999, 1, 16).file(), "[8000, 192000] Hz, got 7999");
  expect_error(Status::kNotFound, "/nowhere/a.wav",
               [] { (void)audio::read_audio("/nowhere/a.wav"); });
}

TEST_F(BadRecording, OfSilence) {
  audio::WavFields wav;
  wav.data.assign(2 * 24000, '\0');
  expect_refused(wav.file(), "the loudest sample of its mono mix is 0, at least 1e-05 is needed");
}

}  // namespace
}  // namespace chatterbox
