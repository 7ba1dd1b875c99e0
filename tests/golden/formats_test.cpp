// A recording makes the same voice whatever file it comes in: a compressed one that of its own
// decoded samples in a WAV, and one without loss that of the recording itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "pipeline.h"
#include "support/temporary_folder.h"

namespace chatterbox {
namespace {

// 32-bit float, which the library reads and does not write: every sample as it was decoded.
void write_float_wav(const std::string& path, const Audio& audio) {
  std::ofstream file(path, std::ios::binary);
  const auto put = [&file](auto value) {
    file.write(reinterpret_cast<const char*>(&value), sizeof value);
  };
  const auto bytes = static_cast<uint32_t>(audio.samples().size() * sizeof(float));
  file << "RIFF";
  put(uint32_t{36} + bytes);
  file << "WAVEfmt ";
  put(uint32_t{16});
  put(uint16_t{3});  // float
  put(static_cast<uint16_t>(audio.channels()));
  put(static_cast<uint32_t>(audio.sample_rate()));
  put(static_cast<uint32_t>(audio.sample_rate() * audio.channels()) * uint32_t{sizeof(float)});
  put(static_cast<uint16_t>(static_cast<size_t>(audio.channels()) * sizeof(float)));
  put(uint16_t{32});
  file << "data";
  put(bytes);
  file.write(reinterpret_cast<const char*>(audio.samples().data()), bytes);
}

class Formats : public ::testing::Test {
 protected:
  static const ChatterboxEngine& engine() {
    static const ChatterboxEngine shared =
        ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
    return shared;
  }
  // 16 bits and 24 kHz, which every format has.
  static Audio recording() {
    return cut(read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_m3.wav"), 2);
  }
  static std::string voice_of(const std::string& path) {
    return std::string(engine().make_voice(read_audio(path)).id());
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Formats, ACompressedPromptMakesTheVoiceOfItsDecodedWav) {
  std::vector<std::string> voices;
  for (const char* name : {"voice.wav", "voice.flac", "voice.ogg", "voice.opus", "voice.mp3"}) {
    SCOPED_TRACE(name);
    const std::string path = folder_.file(name);
    write_audio(path, recording());
    const std::string wav = folder_.file("decoded.wav");
    write_float_wav(wav, read_audio(path));
    voices.push_back(voice_of(path));
    EXPECT_EQ(voices.back(), voice_of(wav));
  }
  const std::string original(engine().make_voice(recording()).id());
  EXPECT_EQ(voices[0], original);
  EXPECT_EQ(voices[1], original);
  // Else the comparison would say nothing.
  EXPECT_THAT(std::vector<std::string>(voices.begin() + 2, voices.end()),
              ::testing::Each(::testing::Ne(original)));
}

}  // namespace
}  // namespace chatterbox
