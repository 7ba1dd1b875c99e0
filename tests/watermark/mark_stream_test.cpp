// The watermark of a stream against that of the whole.
#include "watermark/mark_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "audio/codec.h"
#include "perth_weights.h"
#include "support/snr.h"
#include "support/status.h"
#include "voice/bad_audio.h"

namespace chatterbox::watermark {
namespace {

constexpr int32_t kRate = MarkStream::kSampleRate;

class StreamMark : public testing::WithPerth {
 protected:
  // Speech after 40 ms of silence, as the trim fade leaves it.
  static std::vector<float> speech() {
    std::vector<float> samples(960, 0.0F);
    const Audio audio =
        audio::read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_m3.wav");
    samples.insert(samples.end(), audio.samples.begin(), audio.samples.end());
    return samples;
  }
  // In pieces of these sizes again and again.
  static std::vector<float> marked(const std::vector<float>& samples, MarkHalo halo,
                                   const std::vector<size_t>& pieces) {
    MarkStream stream(halo);
    std::vector<float> out;
    size_t first = 0;
    for (size_t i = 0; first < samples.size(); ++i) {
      const size_t end = std::min(samples.size(), first + pieces[i % pieces.size()]);
      const auto begin = samples.begin();
      const std::vector<float> part = stream.push(
          perth(),
          {begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end)},
          end == samples.size());
      out.insert(out.end(), part.begin(), part.end());
      first = end;
    }
    return out;
  }
  // How far a mark is from the whole's, of the whole's, dB.
  static double error(const std::vector<float>& samples, const std::vector<float>& streamed) {
    const std::vector<float> whole = embed(perth(), samples, kRate);
    // snr(whole, streamed) compares the difference with the speech, not with the mark.
    return testing::snr(samples, whole) - testing::snr(whole, streamed);
  }
};

const std::vector<std::vector<size_t>> kPieces = {{11520, 24000, 48000}, {7000, 1}, {1000000}};

TEST_F(StreamMark, WithTheExactHaloIsThatOfTheWholeToRounding) {
  const std::vector<float> samples = speech();
  for (const std::vector<size_t>& pieces : kPieces) {
    const std::vector<float> streamed = marked(samples, MarkHalo::kExact, pieces);
    ASSERT_EQ(streamed.size(), samples.size());
    EXPECT_LT(error(samples, streamed), -80) << pieces.front();
  }
}

TEST_F(StreamMark, WithTheShortHaloIsNear) {
  const std::vector<float> samples = speech();
  const std::vector<float> streamed = marked(samples, MarkHalo::kShort, kPieces.front());
  ASSERT_EQ(streamed.size(), samples.size());
  EXPECT_LT(error(samples, streamed), -45);
}

TEST_F(StreamMark, IsFoundInTheWholeAndInEveryCut) {
  for (const MarkHalo halo : {MarkHalo::kExact, MarkHalo::kShort}) {
    const std::vector<float> streamed = marked(speech(), halo, kPieces.front());
    EXPECT_GT(detect(perth(), streamed, kRate), 0.95F);
    constexpr std::ptrdiff_t kCut = 3 * std::ptrdiff_t{kRate};
    for (auto cut = streamed.begin(); streamed.end() - cut >= kCut; cut += kCut / 2) {
      EXPECT_GT(detect(perth(), {cut, cut + kCut}, kRate), 0.9F);
    }
  }
}

TEST_F(StreamMark, KeepsEveryLength) {
  const std::vector<float> samples = speech();
  for (const size_t size : {1U, 700U, 960U, 5760U, 5761U, 12345U}) {
    const std::vector<float> some(samples.end() - static_cast<std::ptrdiff_t>(size) - 9000,
                                  samples.end() - 9000);
    EXPECT_EQ(marked(some, MarkHalo::kExact, {500}).size(), size);
    EXPECT_EQ(marked(some, MarkHalo::kShort, {5000}).size(), size);
  }
  // As embed(): too short for a mark.
  const std::vector<float> few(samples.end() - 9700, samples.end() - 9000);
  EXPECT_EQ(marked(few, MarkHalo::kShort, {100}), few);
}

TEST_F(StreamMark, GivesWhatIsMarkedByNow) {
  MarkStream stream(MarkHalo::kShort);
  const std::vector<float> samples(7680, 0.1F);
  EXPECT_EQ(stream.push(perth(), samples, false).size(), 4800U);
  EXPECT_EQ(stream.push(perth(), {}, false).size(), 0U);
  EXPECT_EQ(stream.push(perth(), std::vector<float>(479, 0.1F), false).size(), 0U);
  EXPECT_EQ(stream.push(perth(), {0.1F}, false).size(), 480U);
  EXPECT_EQ(stream.push(perth(), {}, true).size(), 2880U);
}

TEST_F(StreamMark, RefusesSamplesThatAreNoNumbers) {
  MarkStream stream(MarkHalo::kShort);
  std::vector<float> samples(7680, 0.1F);
  samples[17] = std::numeric_limits<float>::infinity();
  testing::expect_bad_audio([&] { return stream.push(perth(), samples, false); },
                            "sample 17 is inf");
}

}  // namespace
}  // namespace chatterbox::watermark
