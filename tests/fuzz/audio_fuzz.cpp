// A file of audio in any format. What is accepted can be written, and gives the same in WAV. The
// pages of Ogg get the checksums that they would have, but where the size is a multiple of eight.
#include "audio/codec.h"
#include "audio/decode.h"
#include "audio/ogg_pages.h"
#include "fuzz/parser.h"
#include "support/ogg_page.h"

namespace {

// Whole pages with another serial number are as whole, however they come.
void renumber(std::string_view file) {
  using namespace chatterbox::audio;  // NOLINT
  check_ogg_pages(file, "file");
  OggSerial serial;
  serial.set(0x01020304);
  std::string pages = serial.take(file.substr(0, file.size() / 2));
  pages += serial.take(file.substr(file.size() / 2));
  chatterbox::fuzz::require(pages.size() == file.size(), "pages are lost");
  check_ogg_pages(pages, "renumbered");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox;  // NOLINT
  constexpr size_t kMaxSamples = size_t{1} << 20U;
  std::string bytes(fuzz::Input(data, size).rest());
  for (size_t at = bytes.find("OggS"); size % 8 != 0 && at != std::string::npos;
       at = bytes.find("OggS", at + 4)) {
    testing::mend_ogg_checksum(bytes, at);
  }
  if (bytes.compare(0, 4, "OggS") == 0) {
    fuzz::run_parser([&] { renumber(bytes); });
  }
  fuzz::run_parser([&] {
    const Audio audio = audio::decode_audio(bytes.data(), bytes.size(), "file", kMaxSamples);
    fuzz::read_all(audio.samples.data(), audio.samples.size() * sizeof(float));
    const auto once = audio::encode_audio(audio, audio::AudioFormat::kWav);
    const Audio again = audio::decode_audio(once.data(), once.size(), "again");
    fuzz::require(again.samples.size() == audio.samples.size(), "another length");
    fuzz::require(audio::encode_audio(again, audio::AudioFormat::kWav) == once, "other samples");
  });
  return 0;
}
