// At the official size, where the kernels' blocks and the caches are what users have: four requests
// together give, bit by bit, what each gives alone.
#include <cstdlib>

#include "pipeline.h"

namespace chatterbox {
namespace {

TEST(BatchInvarianceFull, FourTogetherEqualFourAlone) {
  const char* checkpoint = std::getenv("CHATTERBOX_FULL_CHECKPOINT");
  if (checkpoint == nullptr)
    GTEST_SKIP() << "CHATTERBOX_FULL_CHECKPOINT names no checkpoint folder";
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(checkpoint));
  const std::string path = std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav";
  const Voice voice = engine.make_voice(cut(read_audio(path), 1));

  const char* const texts[] = {"Hi.", "The second one is a little longer.",
                               "Numbers like 42 are read too, and this goes on for a while.",
                               "Without guidance."};
  std::vector<Request> requests;
  for (size_t i = 0; i < std::size(texts); ++i) {
    Request request;
    request.text = texts[i];
    request.voice = voice;
    request.seed = 40 + i;
    request.cfg_weight = i == 3 ? 0 : 0.5F;
    request.max_new_tokens = 20 - static_cast<int32_t>(2 * i);
    request.cfm_steps = 1 + static_cast<int32_t>(i % 2);
    requests.push_back(request);
  }
  const std::vector<Outcome> together = engine.generate_batch(requests);
  EXPECT_GE(engine.metrics().peak_rows, 5);  // they did run together
  for (size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_TRUE(together[i].result) << together[i].error->what();
    const Result alone = engine.generate(requests[i]);
    EXPECT_EQ(together[i].result->stats().speech_tokens, alone.stats().speech_tokens);
    EXPECT_TRUE(wave_of(*together[i].result) == wave_of(alone));
  }
}

}  // namespace
}  // namespace chatterbox
