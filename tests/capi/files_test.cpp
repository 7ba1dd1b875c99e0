// Audio files and saved voices through the C ABI.
#include <filesystem>
#include <fstream>
#include <limits>

#include "capi/capi_test.h"
#include "support/temporary_folder.h"

namespace chatterbox::capi_test {
namespace {

using ::testing::HasSubstr;

class Files : public CApiTest {
 protected:
  testing::TemporaryFolder folder;
};

Owned<chatterbox_audio> read_audio(const std::string& path) {
  return made<chatterbox_audio>(
      [&](chatterbox_audio** audio) { return chatterbox_audio_read(path.c_str(), audio); });
}

TEST_F(Files, AudioIsReadAsItWasWritten) {
  // Multiples of 2^-15 are kept, what is beyond [-1, 1] is clipped to what 16 bits hold.
  const std::vector<float> samples = {0, 0.5F, -1, 0.25F, 7, -7};
  const std::vector<float> expected = {0, 0.5F, -1, 0.25F, 32767.F / 32768, -1};
  // By the ending, and whatever the ending.
  for (const auto& [name, format] : {std::pair{"a.wav", CHATTERBOX_FORMAT_AUTO},
                                     {"a.flac", CHATTERBOX_FORMAT_AUTO},
                                     {"wave", CHATTERBOX_FORMAT_WAV},
                                     {"b.wav", CHATTERBOX_FORMAT_FLAC}}) {
    SCOPED_TRACE(name);
    const std::string path = folder.file(name);
    ASSERT_EQ(chatterbox_audio_write(path.c_str(), format, samples.data(), 3, 2, 44100),
              CHATTERBOX_STATUS_OK)
        << chatterbox_last_error();
    const auto audio = read_audio(path);
    ASSERT_EQ(chatterbox_audio_frame_count(audio.get()), 3U);
    EXPECT_EQ(chatterbox_audio_channels(audio.get()), 2);
    EXPECT_EQ(chatterbox_audio_sample_rate(audio.get()), 44100);
    const float* read = chatterbox_audio_samples(audio.get());
    EXPECT_EQ(std::vector<float>(read, read + 6), expected);
  }
}

TEST_F(Files, EveryFormatIsWrittenAndRead) {
  const std::vector<float> samples(24000, 0.25F);
  for (const char* name : {"a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3", "A.MP3"}) {
    SCOPED_TRACE(name);
    const std::string path = folder.file(name);
    ASSERT_EQ(chatterbox_audio_write(path.c_str(), CHATTERBOX_FORMAT_AUTO, samples.data(), 24000, 1,
                                     24000),
              CHATTERBOX_STATUS_OK)
        << chatterbox_last_error();
    const auto audio = read_audio(path);
    EXPECT_EQ(chatterbox_audio_frame_count(audio.get()), 24000U);
    EXPECT_EQ(chatterbox_audio_channels(audio.get()), 1);
  }
}

TEST_F(Files, AudioThatCannotBeWritten) {
  const std::string path = folder.file("a.wav");
  const float sample = 0.5F;  // the only one there is
  const auto message = [&](const std::string& file, int32_t format, uint64_t frames,
                           int32_t channels, int32_t rate,
                           chatterbox_status status = CHATTERBOX_STATUS_INVALID_ARGUMENT) {
    EXPECT_EQ(chatterbox_audio_write(file.c_str(), format, &sample, frames, channels, rate),
              status);
    return std::string(chatterbox_last_error());
  };
  const int32_t wav = CHATTERBOX_FORMAT_WAV;
  EXPECT_EQ(message(path, wav, 1, 0, 24000), "channels must be in [1, 8], got 0");
  EXPECT_EQ(message(path, wav, 1, -3, 24000), "channels must be in [1, 8], got -3");
  EXPECT_EQ(message(path, wav, 1, 9, 24000), "channels must be in [1, 8], got 9");
  EXPECT_EQ(message(path, -1, 1, 1, 24000), "format must be 0 to 5, got -1");
  EXPECT_EQ(message(path, 6, 1, 1, 24000), "format must be 0 to 5, got 6");
  EXPECT_THAT(message(path, wav, 1, 1, 0), HasSubstr("got 0"));
  EXPECT_THAT(message(path, wav, 1, 1, 7999), HasSubstr("7999"));
  EXPECT_THAT(message(path, CHATTERBOX_FORMAT_OPUS, 1, 1, 44100), HasSubstr("44100"));
  EXPECT_THAT(message(path, CHATTERBOX_FORMAT_MP3, 1, 3, 24000), HasSubstr("got 3"));
  EXPECT_THAT(message(folder.file("a.txt"), CHATTERBOX_FORMAT_AUTO, 1, 1, 24000),
              HasSubstr("must end in one of"));
  EXPECT_EQ(message(path, wav, 0, 1, 24000), "audio must have at least one frame, got none");
  EXPECT_EQ(message(path, wav, UINT64_MAX, 8, 24000),
            "18446744073709551615 frames of 8 channels do not fit into a file");
  EXPECT_EQ(message(path, wav, uint64_t{1} << 31, 1, 24000),
            "2147483648 frames of 1 channels do not fit into a file");
  EXPECT_THAT(message("/nowhere/a.wav", wav, 1, 1, 24000, CHATTERBOX_STATUS_IO),
              HasSubstr("/nowhere/a.wav"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(chatterbox_audio_write(path.c_str(), wav, &nan, 1, 1, 24000),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "sample 0 is not a number");
  EXPECT_TRUE(std::filesystem::is_empty(folder.file("")));
}

TEST_F(Files, AudioThatCannotBeRead) {
  chatterbox_audio* audio = nullptr;
  EXPECT_EQ(chatterbox_audio_read("/nowhere/a.wav", &audio), CHATTERBOX_STATUS_NOT_FOUND);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("/nowhere/a.wav"));
  const std::string path = folder.file("a.mp3");
  std::ofstream(path) << "Just words.";
  EXPECT_EQ(chatterbox_audio_read(path.c_str(), &audio), CHATTERBOX_STATUS_BAD_AUDIO);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr(path + ": not a WAV, FLAC, Ogg Vorbis"));
  EXPECT_EQ(audio, nullptr);
}

TEST_F(Files, AVoiceIsLoadedAsItWasSaved) {
  const std::string path = folder.file("a.voice");
  const auto engine = make_engine();
  const auto voice = make_voice(engine, std::vector<float>(24000, 0.75F));
  ASSERT_EQ(chatterbox_voice_save(voice.get(), path.c_str()), CHATTERBOX_STATUS_OK);
  const auto loaded = made<chatterbox_voice>(
      [&](chatterbox_voice** out) { return chatterbox_voice_load(path.c_str(), out); });
  const auto info = filled<chatterbox_voice_info>([&](chatterbox_voice_info* out, size_t size) {
    return chatterbox_voice_get_info(loaded.get(), out, size);
  });
  EXPECT_EQ(info.struct_size, sizeof info);
  EXPECT_EQ(info.reserved, 0);
  EXPECT_EQ(info.prompt_tokens, 3);
  EXPECT_EQ(info.s3gen_tokens, 2);
  EXPECT_EQ(info.mel_frames, 5);
  chatterbox_request request = request_for("Hello.");
  const auto own = speak(engine, request);
  request.voice = voice.get();
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
  const auto own = made<chatterbox_voice>([&](chatterbox_voice** out) {
    return chatterbox_engine_get_default_voice(engine.get(), out);
  });
  EXPECT_EQ(chatterbox_voice_save(own.get(), "/nowhere/a.voice"), CHATTERBOX_STATUS_IO);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("/nowhere/a.voice"));
}

}  // namespace
}  // namespace chatterbox::capi_test
