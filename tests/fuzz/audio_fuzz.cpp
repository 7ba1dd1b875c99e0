// A file of audio in any format. What is accepted can be written, and gives the same in WAV.
#include "audio/codec.h"
#include "fuzz/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox;  // NOLINT
  constexpr size_t kMaxSamples = size_t{1} << 20U;
  fuzz::run_parser([&] {
    const Audio audio = audio::decode_audio(data, size, "file", kMaxSamples);
    fuzz::read_all(audio.samples.data(), audio.samples.size() * sizeof(float));
    const auto once = audio::encode_audio(audio, audio::AudioFormat::kWav);
    const Audio again = audio::decode_audio(once.data(), once.size(), "again");
    fuzz::require(again.samples.size() == audio.samples.size(), "another length");
    fuzz::require(audio::encode_audio(again, audio::AudioFormat::kWav) == once, "other samples");
  });
  return 0;
}
