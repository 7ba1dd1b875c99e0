// For hosts without a file system: audio, voices and models in memory.
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>

#include "capi/seen.h"
#include "support/temporary_folder.h"

namespace chatterbox::capi_test {
namespace {

using ::testing::HasSubstr;

std::string bytes_of(const Owned<chatterbox_buffer>& buffer) {
  return {static_cast<const char*>(chatterbox_buffer_data(buffer.get())),
          static_cast<size_t>(chatterbox_buffer_size(buffer.get()))};
}

std::string bytes_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Memory : public CApiTest {
 protected:
  static std::string encode(int32_t format, const std::vector<float>& samples) {
    return bytes_of(made<chatterbox_buffer>([&](chatterbox_buffer** buffer) {
      return chatterbox_audio_encode(format, samples.data(), samples.size(), 1, 24000, buffer);
    }));
  }
  static Owned<chatterbox_audio> decode(const std::string& bytes) {
    return made<chatterbox_audio>([&](chatterbox_audio** audio) {
      return chatterbox_audio_decode(bytes.data(), bytes.size(), audio);
    });
  }
  static std::string serialise(const Owned<chatterbox_voice>& voice) {
    return bytes_of(made<chatterbox_buffer>([&](chatterbox_buffer** buffer) {
      return chatterbox_voice_save_to_memory(voice.get(), buffer);
    }));
  }
  static Owned<chatterbox_voice> parse(const std::string& bytes) {
    return made<chatterbox_voice>([&](chatterbox_voice** voice) {
      return chatterbox_voice_load_from_memory(bytes.data(), bytes.size(), voice);
    });
  }

  testing::TemporaryFolder folder;
};

TEST_F(Memory, AudioIsAsInAFile) {
  const std::vector<float> samples = {0, 0.5F, -0.25F};
  for (const int32_t format : {CHATTERBOX_FORMAT_WAV, CHATTERBOX_FORMAT_FLAC}) {
    const std::string path = folder.file("a");
    ASSERT_EQ(chatterbox_audio_write(path.c_str(), format, samples.data(), 3, 1, 24000),
              CHATTERBOX_STATUS_OK);
    const std::string bytes = encode(format, samples);
    EXPECT_EQ(bytes, bytes_of_file(path)) << format;
    const auto audio = decode(bytes);
    ASSERT_EQ(chatterbox_audio_frame_count(audio.get()), 3U);
    EXPECT_EQ(std::memcmp(chatterbox_audio_samples(audio.get()), samples.data(), 12), 0);
  }
}

TEST_F(Memory, EveryFormatIsEncodedAndDecoded) {
  const std::vector<float> samples(12000, 0.25F);
  for (int32_t format = CHATTERBOX_FORMAT_WAV; format <= CHATTERBOX_FORMAT_MP3; ++format) {
    const auto audio = decode(encode(format, samples));
    EXPECT_EQ(chatterbox_audio_frame_count(audio.get()), 12000U) << format;
    EXPECT_EQ(chatterbox_audio_sample_rate(audio.get()), 24000) << format;
  }
}

TEST_F(Memory, AudioThatCannotBe) {
  const float sample = 0.5F;
  chatterbox_buffer* buffer = nullptr;
  const auto refused = [&](int32_t format, const float* samples, uint64_t frames) {
    EXPECT_EQ(chatterbox_audio_encode(format, samples, frames, 1, 24000, &buffer),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(buffer, nullptr);
    return std::string(chatterbox_last_error());
  };
  EXPECT_EQ(refused(CHATTERBOX_FORMAT_AUTO, &sample, 1),
            "format must not be CHATTERBOX_FORMAT_AUTO: there is no name");
  EXPECT_EQ(refused(6, &sample, 1), "format must be 0 to 5, got 6");
  EXPECT_EQ(refused(CHATTERBOX_FORMAT_WAV, &sample, UINT64_MAX),
            "18446744073709551615 frames of 1 channels do not fit into a file");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(refused(CHATTERBOX_FORMAT_WAV, &nan, 1), "sample 0 is not a number");
  chatterbox_audio* audio = nullptr;
  for (const std::string& bytes : {std::string(), std::string("no audio")}) {
    EXPECT_EQ(chatterbox_audio_decode(bytes.data(), bytes.size(), &audio),
              CHATTERBOX_STATUS_BAD_AUDIO);
    EXPECT_THAT(chatterbox_last_error(), HasSubstr("audio in memory"));
  }
  std::string cut = encode(CHATTERBOX_FORMAT_WAV, std::vector<float>(100, 0.5F));
  cut.pop_back();
  EXPECT_EQ(chatterbox_audio_decode(cut.data(), cut.size(), &audio), CHATTERBOX_STATUS_BAD_AUDIO);
}

TEST_F(Memory, AVoiceIsAsInAFile) {
  const auto engine = make_engine();
  const auto voice = make_voice(engine, std::vector<float>(24000, 0.75F));
  const std::string path = folder.file("a.voice");
  ASSERT_EQ(chatterbox_voice_save(voice.get(), path.c_str()), CHATTERBOX_STATUS_OK);
  const std::string bytes = serialise(voice);
  EXPECT_EQ(bytes, bytes_of_file(path));
  const auto parsed = parse(bytes);
  chatterbox_request request = request_for("Hello.");
  request.voice = voice.get();
  const auto expected = speak(engine, request);
  request.voice = parsed.get();
  EXPECT_EQ(speak(engine, request), expected);
}

TEST_F(Memory, AVoiceThatCannotBe) {
  chatterbox_voice* voice = nullptr;
  for (const std::string& bytes : {std::string(), std::string("no voice")}) {
    EXPECT_EQ(chatterbox_voice_load_from_memory(bytes.data(), bytes.size(), &voice),
              CHATTERBOX_STATUS_BAD_VOICE);
    EXPECT_THAT(chatterbox_last_error(), HasSubstr("a voice in memory"));
    EXPECT_EQ(voice, nullptr);
  }
}

// Equal for equal content, wherever it came from, and different for another.
TEST_F(Memory, IdsAreOfTheContent) {
  const auto engine = make_engine();
  const auto voice = make_voice(engine, std::vector<float>(24000, 0.75F));
  const auto same = make_voice(engine, std::vector<float>(24000, 0.75F));
  const auto other = make_voice(engine, std::vector<float>(24000, 0.5F));
  const std::string path = folder.file("a.voice");
  ASSERT_EQ(chatterbox_voice_save(voice.get(), path.c_str()), CHATTERBOX_STATUS_OK);
  const auto from_file = made<chatterbox_voice>(
      [&](chatterbox_voice** out) { return chatterbox_voice_load(path.c_str(), out); });
  const auto from_memory = parse(serialise(voice));
  const std::string id = chatterbox_voice_id(voice.get());
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  EXPECT_EQ(chatterbox_voice_id(same.get()), id);
  EXPECT_EQ(chatterbox_voice_id(from_file.get()), id);
  EXPECT_EQ(chatterbox_voice_id(from_memory.get()), id);
  EXPECT_NE(chatterbox_voice_id(other.get()), id);
  const auto by_default = made<chatterbox_voice>([&](chatterbox_voice** out) {
    return chatterbox_engine_get_default_voice(engine.get(), out);
  });
  const auto named = made<chatterbox_voice>([&](chatterbox_voice** out) {
    return chatterbox_engine_get_voice(engine.get(), testing::kFakeVoice, out);
  });
  EXPECT_STRNE(chatterbox_voice_id(by_default.get()), chatterbox_voice_id(named.get()));
  EXPECT_STREQ(chatterbox_voice_id(parse(serialise(named)).get()),
               chatterbox_voice_id(named.get()));
}

// The caller may free or change them as soon as the engine is there.
TEST_F(Memory, AModelsFilesAreCopied) {
  const auto seen = std::make_shared<EngineOptions>();
  const testing::ScopedFakeHook hook([seen](const testing::FakeCall& call) {
    if (call.point == testing::FakePoint::kLoad) *seen = *call.options;
  });
  std::string name = "t3_cfg.safetensors", bytes(1 << 20, 'x');
  const chatterbox_file file{name.c_str(), bytes.data(), bytes.size()};
  chatterbox_engine_options options = default_options();
  options.files = &file;
  options.file_count = 1;
  const auto engine = make_engine(&options);
  name.assign(name.size(), '?');
  bytes.assign(bytes.size(), '?');
  ASSERT_EQ(seen->files.size(), 1U);
  EXPECT_EQ(seen->files[0].name, "t3_cfg.safetensors");
  EXPECT_EQ(seen->files[0].bytes, std::string(1 << 20, 'x'));
}

}  // namespace
}  // namespace chatterbox::capi_test
