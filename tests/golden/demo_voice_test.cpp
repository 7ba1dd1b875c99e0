// The demo model says the words that it is given: among its teacher's renderings of ten sentences
// that nothing trained on, the nearest to what it speaks is its own, by dynamic time warping over
// mels. Where a recogniser can be had, tests/demo_voice/words_test.py asks for more.
#include <ATen/ops/cdist.h>
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chatterbox/chatterbox.hpp>
#include <cmath>
#include <iostream>
#include <limits>

#include "audio/mel_spectrogram.h"
#include "support/golden.h"

namespace chatterbox::testing {
namespace {

constexpr int kSentences = 10;
constexpr int kLeastFound = 9;
constexpr const char* kVoices[] = {"low", "high"};

// Mean cost along the cheapest path through costs [N, M].
double path_cost(const at::Tensor& costs) {
  const auto rows = static_cast<size_t>(costs.size(0)),
             columns = static_cast<size_t>(costs.size(1));
  const float* cost = costs.const_data_ptr<float>();
  std::vector<double> above(columns + 1, std::numeric_limits<double>::infinity()), row(above);
  above[0] = 0;
  for (size_t i = 0; i < rows; ++i) {
    row[0] = std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < columns; ++j) {
      row[j + 1] = cost[i * columns + j] + std::min({above[j], above[j + 1], row[j]});
    }
    std::swap(above, row);
  }
  return above[columns] / static_cast<double>(rows + columns);
}

class DemoVoice : public ::testing::Test {
 protected:
  static ChatterboxEngine load() {
    EngineOptions options;
    options.device = "cpu";
    options.watermark = Watermark::kOff;  // noise, some 17 dB below the speech
    return ChatterboxEngine::load(options);
  }

  // mel [T, 80] -> [T / 2, 160], a row a token; each band in its deviations.
  [[nodiscard]] at::Tensor features(const at::Tensor& mel) const {
    const at::Tensor normed = (mel - golden_.tensor("mean")) / golden_.tensor("deviation");
    return normed.narrow(0, 0, normed.size(0) / 2 * 2).reshape({normed.size(0) / 2, -1});
  }

  [[nodiscard]] at::Tensor spoken(Samples wave) const {
    const auto size = static_cast<int64_t>(wave.size());
    const at::Tensor samples =
        at::from_blob(const_cast<float*>(wave.data()), {1, size}, at::kFloat);
    return features(audio::s3gen_mel(audio::make_s3gen_mel(c10::kCPU), samples).squeeze(0));
  }

  [[nodiscard]] int nearest(Samples wave, const std::string& voice) const {
    const at::Tensor own = spoken(wave);
    std::vector<double> distances;
    for (int i = 0; i < kSentences; ++i) {
      const at::Tensor other = features(golden_.tensor(voice + "." + std::to_string(i)));
      distances.push_back(path_cost(at::cdist(own, other).contiguous()));
    }
    return static_cast<int>(std::min_element(distances.begin(), distances.end()) -
                            distances.begin());
  }

  [[nodiscard]] Request request(int sentence) const {
    Request request;
    request.text = golden_.meta("text." + std::to_string(sentence));
    request.seed = static_cast<uint64_t>(sentence);
    return request;
  }

  Golden golden_{"demo_sentences"};
};

TEST_F(DemoVoice, SaysItsSentencesInBothVoices) {
  const ChatterboxEngine engine = load();
  std::vector<Request> requests;
  for (int i = 0; i < kSentences; ++i) {
    requests.push_back(request(i));
    requests.back().voice = engine.named_voice(kVoices[i % 2]);
  }
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  int found = 0;
  for (int i = 0; i < kSentences; ++i) {
    const Outcome& outcome = outcomes[static_cast<size_t>(i)];
    ASSERT_TRUE(outcome.result) << outcome.error->what();
    EXPECT_EQ(outcome.result->finish_reason(), FinishReason::kEos)
        << requests[static_cast<size_t>(i)].text;
    EXPECT_EQ(outcome.result->quality().clipped_samples, 0);
    const int heard = nearest(outcome.result->samples(), kVoices[i % 2]);
    found += heard == i ? 1 : 0;
    if (heard != i)
      std::cout << "heard " << request(heard).text << ", not " << request(i).text << '\n';
  }
  EXPECT_GE(found, kLeastFound);
}

TEST_F(DemoVoice, HasTwoVoicesByName) {
  const ChatterboxEngine engine = load();
  EXPECT_TRUE(engine.info().has_default_voice);
  EXPECT_EQ(engine.info().model, "demo");
  for (const char* name : kVoices) EXPECT_GT(engine.named_voice(name).info().mel_frames, 0);
  try {
    (void)engine.named_voice("medium");
    ADD_FAILURE() << "there is no voice of that name";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kNotFound);
    EXPECT_STREQ(error.what(), "the model has no voice medium: it has high, low");
  }
}

}  // namespace
}  // namespace chatterbox::testing
