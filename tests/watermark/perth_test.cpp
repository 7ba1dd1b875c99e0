// What holds for any mark, and bad input.
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "audio/codec.h"
#include "audio/resample.h"
#include "perth_weights.h"
#include "support/snr.h"
#include "support/status.h"
#include "support/temporary_folder.h"
#include "voice/bad_audio.h"

namespace chatterbox::watermark {
namespace {

using testing::expect_bad_audio;
using testing::snr;

constexpr int32_t kRate = 24000;

class PerthMark : public testing::WithPerth {};

std::vector<float> speech(const std::string& file, size_t begin, size_t size) {
  const Audio audio = audio::read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/" + file);
  const auto first = audio.samples.begin() + static_cast<std::ptrdiff_t>(begin);
  return {first, first + static_cast<std::ptrdiff_t>(size)};
}

TEST_F(PerthMark, IsFoundAndIsQuiet) {
  const struct {
    const char* file;
    int32_t rate;
  } recordings[] = {{"espeak_m3.wav", 24000}, {"espeak_f3_22k.wav", 22050}};
  for (const auto& [file, rate] : recordings) {
    const std::vector<float> samples = speech(file, 20000, 40000);
    const std::vector<float> marked = embed(perth(), samples, rate);
    EXPECT_LT(detect(perth(), samples, rate), 0.1F) << file;  // measured: 0.0007
    EXPECT_GT(detect(perth(), marked, rate), 0.9F) << file;   // measured: 1
    const double decibels = snr(samples, marked);
    EXPECT_GT(decibels, 14) << file;  // measured: 15.8 and 16.6, as the package's
    EXPECT_LT(decibels, 20) << file;
  }
}

TEST_F(PerthMark, SurvivesA16BitFileAndAnotherRate) {
  std::vector<float> marked = embed(perth(), speech("espeak_m3.wav", 20000, 48000), kRate);
  for (float& sample : marked) sample = std::round(sample * 32767) / 32767;
  EXPECT_GT(detect(perth(), marked, kRate), 0.9F);
  for (const int32_t rate : {8000, 16000, 44100}) {
    const std::vector<float> resampled = audio::resample_soxr_hq(marked, kRate, rate);
    EXPECT_GT(detect(perth(), resampled, rate), 0.9F) << rate;
  }
}

TEST_F(PerthMark, KeepsEveryLengthAndItsLastSamples) {
  for (const int32_t rate : {8000, 16000, 22050, 24000, 32000, 44100, 48000, 192000}) {
    for (const size_t size : {7001U, 7239U, 7240U}) {
      const std::vector<float> samples = speech("espeak_m3.wav", 30000, size);
      EXPECT_EQ(embed(perth(), samples, rate).size(), size) << rate;
    }
  }
  // After the last whole hop the signal goes on.
  const std::vector<float> samples = speech("espeak_m3.wav", 30000, 7239);
  const std::vector<float> marked = embed(perth(), samples, kRate);
  const std::vector<float> end(samples.end() - 200, samples.end());
  EXPECT_GT(snr(end, {marked.end() - 200, marked.end()}), 9);  // measured: 12.5
}

TEST_F(PerthMark, TooShortStaysAsItIs) {
  EXPECT_TRUE(embed(perth(), {}, kRate).empty());
  EXPECT_EQ(embed(perth(), {0.5F}, kRate), std::vector<float>{0.5F});
  const std::vector<float> shortest = speech("espeak_m3.wav", 30000, 1025);
  const std::vector<float> shorter(shortest.begin(), shortest.end() - 1);
  EXPECT_EQ(embed(perth(), shorter, 32000), shorter);
  EXPECT_NE(embed(perth(), shortest, 32000), shortest);
  EXPECT_LE(detect(perth(), shortest, 32000), 1.0F);
  expect_bad_audio([&] { return detect(perth(), shorter, 32000); },
                   "at least 1025 samples at 32000 Hz, got 1024");
  expect_bad_audio([&] { return detect(perth(), {0.5F}, kRate); }, "got 2");
  expect_bad_audio([&] { return detect(perth(), {}, kRate); }, "got 0");
}

TEST_F(PerthMark, SilenceStaysSilentAndIsNotMarked) {
  const std::vector<float> silence(24000, 0.0F);
  const std::vector<float> marked = embed(perth(), silence, kRate);
  const auto loudest = std::max_element(marked.begin(), marked.end(),
                                        [](float a, float b) { return std::abs(a) < std::abs(b); });
  EXPECT_LT(std::abs(*loudest), 1e-6F);
  EXPECT_EQ(detect(perth(), silence, kRate), 0.0F);
}

TEST_F(PerthMark, SameInputSameBits) {
  const std::vector<float> samples = speech("espeak_m3.wav", 30000, 12000);
  EXPECT_EQ(embed(perth(), samples, kRate), embed(perth(), samples, kRate));
}

TEST_F(PerthMark, RefusesWrongRates) {
  const std::vector<float> samples(24000, 0.1F);
  for (const int32_t rate : {-1, 0, 7999, 192001, std::numeric_limits<int32_t>::max()}) {
    const std::string message = "[8000, 192000] Hz, got " + std::to_string(rate);
    expect_bad_audio([&] { return embed(perth(), samples, rate); }, message);
    expect_bad_audio([&] { return detect(perth(), samples, rate); }, message);
  }
}

TEST_F(PerthMark, RefusesSamplesThatAreNoNumbers) {
  std::vector<float> samples(24000, 0.1F);
  samples[17] = std::numeric_limits<float>::quiet_NaN();
  expect_bad_audio([&] { return embed(perth(), samples, kRate); }, "sample 17 is nan");
  samples[17] = -std::numeric_limits<float>::infinity();
  expect_bad_audio([&] { return detect(perth(), samples, kRate); }, "sample 17 is -inf");
}

TEST_F(PerthMark, ADamagedFileIsRefusedWithEveryName) {
  const auto file = checkpoint::open_safetensors(*find_weights());
  std::vector<checkpoint::TensorEntry> entries = file->entries();
  const auto find = [&](const std::string& name) {
    return std::find_if(entries.begin(), entries.end(),
                        [&](const auto& entry) { return entry.name == name; });
  };
  find("decoder.fast_layers.6.conv.bias")->name = "decoder.fast_layers.6.conv.bias2";
  find("encoder.layers.2.conv.weight")->shape = {256, 128, 14};
  const testing::TemporaryFolder folder;
  checkpoint::write_safetensors(folder.file("damaged"), entries);
  const nn::WeightReader reader(checkpoint::open_safetensors(folder.file("damaged")), {});
  (void)load_perth(reader);
  try {
    reader.finish();
    FAIL() << "the file was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadModelFile);
    for (const char* name : {"decoder.fast_layers.6.conv.bias", "decoder.fast_layers.6.conv.bias2",
                             "encoder.layers.2.conv.weight"}) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(name));
    }
  }
}

TEST_F(PerthMark, AFileWithoutANetworkIsRefused) {
  const auto file = checkpoint::open_safetensors(*find_weights());
  std::vector<checkpoint::TensorEntry> entries = file->entries();
  const auto of_encoder = [](const auto& entry) { return entry.name.rfind("encoder.", 0) == 0; };
  entries.erase(std::remove_if(entries.begin(), entries.end(), of_encoder), entries.end());
  const testing::TemporaryFolder folder;
  checkpoint::write_safetensors(folder.file("damaged"), entries);
  const nn::WeightReader reader(checkpoint::open_safetensors(folder.file("damaged")), {});
  try {
    (void)load_perth(reader);
    FAIL() << "the file was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadModelFile);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("missing encoder.layers.0.conv.weight"));
  }
}

}  // namespace
}  // namespace chatterbox::watermark
