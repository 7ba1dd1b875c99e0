// WAV files and saved voices through the C ABI.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>

#include "capi/handles.h"
#include "support/temporary_folder.h"

namespace chatterbox::capi_test {
namespace {

using ::testing::HasSubstr;

class Files : public CApiTest {
 protected:
  testing::TemporaryFolder folder;
};

Owned<chatterbox_audio> read_audio(const std::string& path) {
  chatterbox_audio* audio = nullptr;
  EXPECT_EQ(chatterbox_audio_read(path.c_str(), &audio), CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  return Owned<chatterbox_audio>(audio);
}

TEST_F(Files, AudioIsReadAsItWasWritten) {
  const std::string path = folder.file("a.wav");
  // Multiples of 2^-15 are kept, what is beyond [-1, 1] is clipped to what 16 bits hold.
  const std::vector<float> samples = {0, 0.5F, -1, 0.25F, 7, -7};
  ASSERT_EQ(chatterbox_audio_write(path.c_str(), samples.data(), 3, 2, 44100),
            CHATTERBOX_STATUS_OK);
  const auto audio = read_audio(path);
  ASSERT_EQ(chatterbox_audio_frame_count(audio.get()), 3U);
  EXPECT_EQ(chatterbox_audio_channels(audio.get()), 2);
  EXPECT_EQ(chatterbox_audio_sample_rate(audio.get()), 44100);
  const float* read = chatterbox_audio_samples(audio.get());
  const std::vector<float> expected = {0, 0.5F, -1, 0.25F, 32767.F / 32768, -1};
  EXPECT_EQ(std::vector<float>(read, read + 6), expected);
}

TEST_F(Files, AudioThatCannotBeWritten) {
  const std::string path = folder.file("a.wav");
  const float sample = 0.5F;  // the only one there is
  const auto message = [&](const std::string& file, uint64_t frames, int32_t channels, int32_t rate,
                           chatterbox_status status) {
    EXPECT_EQ(chatterbox_audio_write(file.c_str(), &sample, frames, channels, rate), status);
    return std::string(chatterbox_last_error());
  };
  const chatterbox_status invalid = CHATTERBOX_STATUS_INVALID_ARGUMENT;
  EXPECT_EQ(message(path, 1, 0, 24000, invalid), "channels must be at least 1, got 0");
  EXPECT_EQ(message(path, 1, -3, 24000, invalid), "channels must be at least 1, got -3");
  EXPECT_EQ(message(path, 1, 1, 0, invalid), "sample_rate must be at least 1 Hz, got 0");
  EXPECT_THAT(message(path, 1, 1, 7999, invalid), HasSubstr("7999"));
  EXPECT_EQ(message(path, UINT64_MAX, 8, 24000, invalid),
            "18446744073709551615 frames of 8 channels do not fit into a WAV file");
  EXPECT_EQ(message(path, uint64_t{1} << 31, 1, 24000, invalid),
            "2147483648 frames of 1 channels do not fit into a WAV file");
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THAT(message("/nowhere/a.wav", 1, 1, 24000, CHATTERBOX_STATUS_IO),
              HasSubstr("/nowhere/a.wav"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(chatterbox_audio_write(path.c_str(), &nan, 1, 1, 24000), invalid);
  EXPECT_STREQ(chatterbox_last_error(), "sample 0 is not a number");
}

TEST_F(Files, AudioThatCannotBeRead) {
  chatterbox_audio* audio = nullptr;
  EXPECT_EQ(chatterbox_audio_read("/nowhere/a.wav", &audio), CHATTERBOX_STATUS_NOT_FOUND);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("/nowhere/a.wav"));
  const std::string path = folder.file("a.mp3");
  std::ofstream(path) << "ID3 and more";
  EXPECT_EQ(chatterbox_audio_read(path.c_str(), &audio), CHATTERBOX_STATUS_BAD_AUDIO);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr(path + ": not a WAV file"));
  EXPECT_EQ(audio, nullptr);
}

TEST_F(Files, AVoiceIsLoadedAsItWasSaved) {
  const std::string path = folder.file("a.voice");
  const auto engine = make_engine();
  const std::vector<float> samples(24000, 0.75F);
  chatterbox_voice* handle = nullptr;
  ASSERT_EQ(
      chatterbox_engine_make_voice(engine.get(), samples.data(), 24000, 1, 24000, nullptr, &handle),
      CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_voice> made(handle);
  ASSERT_EQ(chatterbox_voice_save(made.get(), path.c_str()), CHATTERBOX_STATUS_OK);
  ASSERT_EQ(chatterbox_voice_load(path.c_str(), &handle), CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_voice> loaded(handle);
  chatterbox_voice_info info;
  ASSERT_EQ(chatterbox_voice_get_info(loaded.get(), &info, sizeof info), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(info.struct_size, sizeof info);
  EXPECT_EQ(info.reserved, 0);
  EXPECT_EQ(info.prompt_tokens, 3);
  EXPECT_EQ(info.s3gen_tokens, 2);
  EXPECT_EQ(info.mel_frames, 5);
  chatterbox_request request = request_for("Hello.");
  const auto own = speak(engine, request);
  request.voice = made.get();
  const auto expected = speak(engine, request);
  EXPECT_NE(expected, own);
  request.voice = loaded.get();
  EXPECT_EQ(speak(engine, request), expected);
}

TEST_F(Files, VoicesThatCannotBe) {
  chatterbox_voice* voice = nullptr;
  const std::string path = folder.file("a.voice");
  std::ofstream(path) << "no voice";
  EXPECT_EQ(chatterbox_voice_load(path.c_str(), &voice), CHATTERBOX_STATUS_BAD_VOICE);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr(path));
  EXPECT_EQ(chatterbox_voice_load("", &voice), CHATTERBOX_STATUS_NOT_FOUND);
  EXPECT_EQ(chatterbox_voice_load(folder.file("").c_str(), &voice), CHATTERBOX_STATUS_IO);
  const auto engine = make_engine();
  ASSERT_EQ(chatterbox_engine_default_voice(engine.get(), &voice), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_voice_save(voice, "/nowhere/a.voice"), CHATTERBOX_STATUS_IO);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("/nowhere/a.voice"));
  chatterbox_voice_destroy(voice);
}

}  // namespace
}  // namespace chatterbox::capi_test
