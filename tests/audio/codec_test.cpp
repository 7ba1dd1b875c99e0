#include "audio/codec.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "audio/encoded.h"
#include "audio/sniff.h"
#include "audio/wav_bytes.h"
#include "support/error.h"
#include "support/temporary_folder.h"

namespace chatterbox::audio {
namespace {

// In dB, of one second of speech at 24 kHz. Measured: Vorbis 19.1, Opus 11.7, MP3 23.3; and less
// than 8 where the sound is shifted by one sample.
double least_snr(AudioFormat format) {
  switch (format) {
    case AudioFormat::kVorbis:
      return 18;
    case AudioFormat::kOpus:
      return 10.5;
    default:
      return 22;
  }
}

TEST(Codec, WavAndFlacKeepEvery16BitSample) {
  Audio audio;
  for (int i = -32768; i < 32768; ++i) {
    audio.samples.push_back(static_cast<float>(i * 7919 % 32768) / 32768);
  }
  audio.samples.front() = -1;
  for (const AudioFormat format : {AudioFormat::kWav, AudioFormat::kFlac}) {
    for (const int32_t channels : {1, 2, 8}) {
      for (const int32_t rate : {8000, 24000, 44100, 96000, 192000}) {
        audio.channels = channels;
        audio.sample_rate = rate;
        const Audio read = decoded(encode_audio(audio, format));
        EXPECT_EQ(read.samples, audio.samples) << name_of(format);
        EXPECT_EQ(read.sample_rate, rate);
        EXPECT_EQ(read.channels, channels);
      }
    }
  }
}

// Beyond 16 bits, too: both round and clip in one way.
TEST(Codec, FlacIsWhatWavIs) {
  Audio audio = speech();
  for (float& sample : audio.samples) sample *= 3.3F;
  EXPECT_EQ(decoded(encode_audio(audio, AudioFormat::kFlac)).samples,
            decoded(encode_audio(audio, AudioFormat::kWav)).samples);
}

TEST(Codec, LossyFormatsKeepLengthPlaceAndSound) {
  const Audio audio = speech();
  for (const AudioFormat format : kLossyFormats) {
    const std::string bytes = encode_audio(audio, format);
    EXPECT_LT(bytes.size(), audio.samples.size() / 2) << name_of(format);
    const Audio read = decoded(bytes);
    EXPECT_EQ(read.sample_rate, 24000);
    EXPECT_EQ(read.channels, 1);
    EXPECT_EQ(read.samples.size(), audio.samples.size()) << name_of(format);
    EXPECT_GE(snr(audio.samples, read.samples), least_snr(format)) << name_of(format);
  }
}

TEST(Codec, EveryLengthComesBack) {
  for (const AudioFormat format : kFormats) {
    for (const size_t frames : {1U, 2U, 575U, 576U, 1152U, 4096U, 4097U, 12345U}) {
      EXPECT_EQ(decoded(encode_audio(speech(frames), format)).samples.size(), frames)
          << name_of(format);
    }
  }
}

TEST(Codec, RatesAndChannelsOfTheLossyFormats) {
  Audio audio = speech(9600);
  const auto survives = [&](AudioFormat format, int32_t rate, int32_t channels) {
    audio.sample_rate = rate;
    audio.channels = channels;
    const Audio read = decoded(encode_audio(audio, format));
    EXPECT_EQ(read.sample_rate, rate) << name_of(format);
    EXPECT_EQ(read.channels, channels) << name_of(format);
    EXPECT_EQ(read.samples.size(), audio.samples.size()) << name_of(format) << " " << rate;
  };
  for (const int32_t channels : {1, 2}) {
    for (const int32_t rate : {8000, 12000, 16000, 24000, 48000}) {
      survives(AudioFormat::kOpus, rate, channels);
    }
    for (const int32_t rate : {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}) {
      survives(AudioFormat::kMp3, rate, channels);
    }
  }
  for (const int32_t rate : {8000, 9999, 24000, 48000, 192000}) {
    for (const int32_t channels : {1, 3, 8}) survives(AudioFormat::kVorbis, rate, channels);
  }
}

// Also Ogg's serial numbers: another one for other samples, so that files can be chained.
TEST(Codec, TheSameSamplesMakeTheSameFile) {
  Audio other = speech(24000);
  other.samples.front() += 0.5F;
  for (const AudioFormat format : kFormats) {
    const std::string bytes = encode_audio(speech(24000), format);
    EXPECT_EQ(bytes, encode_audio(speech(24000), format)) << name_of(format);
    if (bytes.substr(0, 4) != "OggS") continue;
    constexpr size_t kSerialAt = 14;
    const std::string serial = bytes.substr(kSerialAt, 4);
    EXPECT_NE(serial, encode_audio(other, format).substr(kSerialAt, 4)) << name_of(format);
    size_t pages = 0;
    for (size_t at = 0; at != std::string::npos; at = bytes.find("OggS", at + 1), ++pages) {
      EXPECT_EQ(bytes.substr(at + kSerialAt, 4), serial) << name_of(format) << " page at " << at;
    }
    EXPECT_GE(pages, 3) << name_of(format);  // their checksums are seen to by decoded()
    EXPECT_EQ(decoded(bytes).samples.size(), 24000) << name_of(format);
  }
}

TEST(Codec, ClipsWhatIsBeyondFullScale) {
  Audio audio;
  audio.samples.assign(4800, 50.0F);
  for (const AudioFormat format : kFormats) {
    const Audio read = decoded(encode_audio(audio, format));
    EXPECT_LT(*std::max_element(read.samples.begin(), read.samples.end()), 2) << name_of(format);
  }
}

TEST(Codec, FilesAreWrittenByTheirEndingAndReadByTheirBytes) {
  const testing::TemporaryFolder folder;
  const std::pair<const char*, FileKind> names[] = {
      {"a.wav", FileKind::kWav},  {"a.flac", FileKind::kFlac}, {"a.ogg", FileKind::kOgg},
      {"a.OGA", FileKind::kOgg},  {"a.opus", FileKind::kOgg},  {"a.MP3", FileKind::kMp3},
      {"a.b.Wav", FileKind::kWav}};
  for (const auto& [name, kind] : names) {
    write_audio(folder.file(name), speech(2400));
    std::ifstream file(folder.file(name), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(sniff(bytes), kind) << name;
    EXPECT_TRUE(is_audio(bytes.substr(0, 12))) << name;
    std::filesystem::rename(folder.file(name), folder.file("other.bin"));
    EXPECT_EQ(read_audio(folder.file("other.bin")).samples.size(), 2400U) << name;
  }
  write_audio(folder.file("b.wav"), speech(2400), AudioFormat::kFlac);
  EXPECT_EQ(read_audio(folder.file("b.wav")).samples, speech(2400).samples);
}

TEST(Codec, TagsBeforeAnMp3AreLookedBehind) {
  const std::string mp3 = encode_audio(speech(4800), AudioFormat::kMp3);
  const std::vector<float> expected = decoded(mp3).samples;
  const std::string tag =
      std::string("ID3\x04\x00\x00\x00\x00\x01\x02", 10) + std::string(130, '\0');
  EXPECT_EQ(decoded(tag + mp3).samples, expected);
  EXPECT_EQ(decoded(mp3 + "TAG" + std::string(125, ' ')).samples, expected);
  EXPECT_EQ(sniff(tag.substr(0, 50)), FileKind::kMp3);
  EXPECT_EQ(sniff(tag + "fLaC"), FileKind::kUnknown);
}

// What a voice is made of: the samples of a prompt in any format are those of its decoded WAV.
TEST(Codec, APromptIsItsDecodedWav) {
  for (const AudioFormat format : kFormats) {
    const Audio prompt = decoded(encode_audio(speech(), format));
    WavFields wav;
    wav.code = 3;
    wav.bits = 32;
    wav.data.assign(reinterpret_cast<const char*>(prompt.samples.data()),
                    prompt.samples.size() * sizeof(float));
    EXPECT_EQ(decoded(wav.file()).samples, prompt.samples) << name_of(format);
  }
}

TEST(Codec, DecodingIsRepeatable) {
  for (const AudioFormat format : kFormats) {
    const std::string bytes = encode_audio(speech(), format);
    EXPECT_EQ(decoded(bytes).samples, decoded(bytes).samples) << name_of(format);
  }
}

}  // namespace
}  // namespace chatterbox::audio
