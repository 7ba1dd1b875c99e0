// What the machines promise of streams, for every family, without the engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/codec.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/model_utterance.h"
#include "runtime/streamed.h"
#include "runtime/watermark_detector.h"
#include "support/failure_of.h"
#include "support/snr.h"
#include "support/synthetic_folder.h"
#include "watermark/find_weights.h"

namespace chatterbox::runtime {
namespace {

using testing::CheckpointFolder;
using testing::cpu_options;
using testing::Machines;
using testing::stream;
using testing::Streamed;
using testing::streaming;

using Wave = std::vector<float>;

StreamPlan plan_of(std::vector<int64_t> chunks, int64_t right = 3) {
  StreamPlan plan;
  plan.chunks = std::move(chunks);
  plan.right_tokens = right;
  plan.left_tokens = 10;
  return plan;
}

std::vector<StreamPlan> some_plans() {
  std::vector<StreamPlan> plans = {plan_of({5, 9}), plan_of({4}, 13), plan_of({12, 25})};
  plans[1].exact_halo = false;
  plans[2].condition_tokens = 4;
  return plans;
}

// Does not end by itself.
Task endless(const Machines& machines, const std::string& text, int64_t tokens,
             const std::string& language = "") {
  Task task = machines.speech_task(text, language);
  task.temperature = 5;
  task.min_p = 0;
  task.max_new_tokens = tokens;
  task.cfm_steps = task.cfg_steps = 2;
  return task;
}

Wave offline(Machines& machines, Task task) {
  task.stream.reset();
  return machines.speak(task);
}

// One chunk that is all has the bits of the whole, and others have its length.
void expect_streams(Machines& machines, const Task& task,
                    const std::vector<StreamPlan>& plans = some_plans()) {
  const Task one = streaming(task, plan_of({10000}));
  const Wave whole = offline(machines, one);
  ASSERT_FALSE(whole.empty());
  EXPECT_EQ(stream(machines, one), whole);
  for (const StreamPlan& plan : plans) {
    EXPECT_EQ(stream(machines, streaming(task, plan)).size(), whole.size()) << plan.chunks.front();
  }
}

TEST(StreamMachines, English) {
  Machines machines(cpu_options(testing::synthetic_folder()));
  expect_streams(machines, endless(machines, "Hello.", 40));
}

TEST(StreamMachines, Turbo) {
  const CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines machines(cpu_options(folder.path()));
  Task task = endless(machines, "Hello.", 30);
  task.voice = machines.make_voice(
      Machines::voice_task(audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_m3.wav")));
  expect_streams(machines, task);
}

TEST(StreamMachines, MultilingualDropsTheLastTokenOfTheLastChunk) {
  const CheckpointFolder folder({"t3_mtl23ls_v3", "s3gen", "ve"}, "multilingual");
  Machines machines(cpu_options(folder.path()));
  Task task = endless(machines, "Bonjour.", 30, "fr");
  task.voice = machines.make_voice(
      Machines::voice_task(audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_m3.wav")));
  // One that ends by itself.
  task.max_new_tokens = 300;
  for (task.seed = 1; machines.draw(task)->stats().finish_reason != FinishReason::kEos;) {
    ASSERT_LT(++task.seed, 20);
  }
  expect_streams(machines, task, {plan_of({25, 50})});
}

TEST(StreamMachines, AConversionStreamsToo) {
  Machines machines(cpu_options(testing::synthetic_folder()));
  Task task =
      machines.conversion_task(audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_f3_22k.wav"));
  task.cfm_steps = task.cfg_steps = 1;
  expect_streams(machines, task);
}

class StreamBesideOthers : public ::testing::Test {
 protected:
  [[nodiscard]] Task task(const std::string& text, int64_t tokens) const {
    return streaming(endless(machines_, text, tokens), plan_of({5, 9}));
  }
  Machines machines_{cpu_options(testing::synthetic_folder())};
};

TEST_F(StreamBesideOthers, HasTheBitsThatItHasAlone) {
  const Wave alone = stream(machines_, task("Hello.", 30));
  EXPECT_EQ(stream(machines_, task("Hello.", 30)), alone);
  Streamed other(machines_, task("Another text, which is longer.", 40));
  for (int i = 0; i < 8; ++i) machines_.tokens().step();
  Streamed one(machines_, task("Hello.", 30));
  bool done = false;
  while (!done) {
    machines_.tokens().step();
    const bool other_done = other.advance();
    done = one.advance() && other_done;
  }
  EXPECT_EQ(one.wave(), alone);
  EXPECT_NE(other.wave(), alone);
}

TEST_F(StreamBesideOthers, ItsTokensAndStatisticsAreThoseOfTheWhole) {
  const Task speech = task("Hello.", 30);
  const auto whole = machines_.draw(speech);
  Streamed one(machines_, speech);
  EXPECT_EQ(one.utterance().tokens(), 0);
  while (!one.advance()) machines_.tokens().step();
  EXPECT_EQ(one.utterance().tokens(), whole->tokens());
  EXPECT_EQ(one.utterance().stats().speech_tokens, whole->stats().speech_tokens);
  EXPECT_EQ(one.utterance().stats().text_tokens, whole->stats().text_tokens);
  EXPECT_EQ(one.utterance().stats().decode_steps, whole->stats().decode_steps);
  EXPECT_EQ(one.utterance().stats().finish_reason, whole->stats().finish_reason);
}

TEST_F(StreamBesideOthers, AChunkThatIsNotThereIsAnError) {
  const int64_t id = machines_.begin(task("Hello.", 30));
  const auto utterance = machines_.tokens().open(id);
  const auto failure = testing::failure_of([&] {
    (void)machines_.speech().speak_chunk(*utterance, {0, 5, 8, false, false}, [](int64_t) {});
  });
  EXPECT_EQ(failure.status, Status::kInternal);
  for (int i = 0; i < 10; ++i) machines_.tokens().step();
  machines_.tokens().extend(id, *utterance);
  const auto blind = testing::failure_of([&] {
    (void)machines_.speech().speak_chunk(*utterance, {0, 5, 7, false, false}, [](int64_t) {});
  });
  EXPECT_THAT(blind.message, ::testing::HasSubstr("must see 3 tokens more, it sees up to 7"));
}

// The same mels through a vocoder that sees less of them. Of 20 other sentences the worst was 81 dB
// below the speech.
TEST(DemoStream, AShortHaloCostsLittle) {
  Machines machines(cpu_options("demo"));
  for (const char* text : {"The library speaks while it is still thinking of the sentence.",
                           "She put the letter on the table and closed the door.",
                           "We bought bread and milk at the shop near the school.",
                           "The old man walked down to the river before the sun came up.",
                           "Nobody knew why the train had stopped between two stations.",
                           "He reads a page of the same book every night before he sleeps.",
                           "There is a small garden behind the house."}) {
    Task task = streaming(machines.speech_task(text), {});
    const Wave exact = stream(machines, task);
    task.stream->exact_halo = false;
    const Wave early = stream(machines, task);
    ASSERT_EQ(early.size(), exact.size());
    EXPECT_GE(testing::snr(exact, early), 70) << text;
    for (size_t i = 0; i < exact.size(); ++i) ASSERT_NEAR(early[i], exact[i], 1e-3) << text << i;
  }
}

// One chunk after the other is marked as the whole is.
TEST(MarkedStream, HasTheMarkOfTheWhole) {
  if (!watermark::find_weights()) {
    GTEST_SKIP() << "the weights of the watermark are missing: bash cmake/setup.sh";
  }
  EngineOptions options = cpu_options("demo");
  options.watermark = Watermark::kOn;
  Machines machines(options);
  const Task task = streaming(machines.speech_task("A mark that nobody hears."), plan_of({1000}));
  const Wave whole = machines.speech().add_watermark(offline(machines, task));
  const Wave one = stream(machines, task);
  ASSERT_EQ(one.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) ASSERT_NEAR(one[i], whole[i], 1e-5) << i;
  for (const bool exact : {true, false}) {
    StreamPlan plan = plan_of({12, 25});
    plan.exact_halo = exact;
    const Wave chunks = stream(machines, streaming(task, plan));
    EXPECT_EQ(chunks.size(), whole.size());
    EXPECT_GT(WatermarkDetector("", 2).detect(Audio{chunks}), 0.9F);
  }
}

TEST(FlowWindow, IsBoundedByItsPlan) {
  StreamPlan plan;
  plan.left_tokens = 50;
  plan.condition_tokens = 7;
  FlowWindow window = flow_window(plan, {0, 12, 15, false, false});
  EXPECT_EQ(window.first, 0);
  EXPECT_EQ(window.wanted, 0);
  EXPECT_EQ(window.condition, 0);
  window = flow_window(plan, {12, 37, 43, false, false});
  EXPECT_EQ(window.first, 0);
  EXPECT_EQ(window.wanted, 12);
  EXPECT_EQ(window.wanted_end, 37);
  EXPECT_EQ(window.condition, 7);
  window = flow_window(plan, {187, 287, 300, true, false});
  EXPECT_EQ(window.first, 137);
  EXPECT_EQ(window.seen, 300);
  EXPECT_EQ(window.wanted, 50);
  EXPECT_EQ(window.wanted_end, 150);
}

TEST(KeptSamples, AreAllButTheLastTokensWhereTheSpeechEnded) {
  Task task;
  task.voice = std::make_shared<voice::Conditionals>();
  ModelUtterance utterance(task);
  utterance.speech_tokens = {1, 2, 3};
  EXPECT_EQ(kept_samples(utterance, 3 * 960), 2 * 960);
  EXPECT_EQ(kept_samples(utterance, 1000), 1000);
  utterance.speech_tokens = {1};
  EXPECT_EQ(kept_samples(utterance, 960), 960);
  TokenStats stats;
  stats.finish_reason = FinishReason::kMaxTokens;
  utterance.speech_tokens = {1, 2, 3};
  utterance.set_stats(stats);
  EXPECT_EQ(kept_samples(utterance, 3 * 960), 3 * 960);
}

}  // namespace
}  // namespace chatterbox::runtime
