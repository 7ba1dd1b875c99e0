// Streams whose voice's prompt is frozen: the same bits whoever made it, and bounded memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/codec.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/prompt_cache.h"
#include "runtime/streamed.h"
#include "support/failure_of.h"
#include "support/golden.h"
#include "support/synthetic/synthetic.h"
#include "support/synthetic_folder.h"
#include "support/tensors.h"

namespace chatterbox::runtime {
namespace {

using testing::cpu_options;
using testing::Machines;
using testing::noise;
using testing::stream;
using testing::Streamed;
using testing::streaming;
using testing::values;

using Wave = std::vector<float>;

class FrozenStreams : public ::testing::Test {
 protected:
  static Task frozen(const Machines& machines, const std::string& text, int64_t steps = 2) {
    Task task = machines.speech_task(text);
    task.temperature = 5;  // does not end by itself
    task.min_p = 0;
    task.max_new_tokens = 30;
    task.cfm_steps = steps;
    task.cfg_steps = 1;
    StreamPlan plan;
    plan.chunks = {6, 9};
    plan.left_tokens = 10;
    plan.frozen_prompt = true;
    return streaming(std::move(task), plan);
  }
  static Wave streamed_alone(const Task& task, Precision precision) {
    Machines machines(options(precision));
    return stream(machines, task);
  }
  static EngineOptions options(Precision precision) {
    EngineOptions options = cpu_options(testing::synthetic_folder());
    options.precision = precision;
    return options;
  }
};

TEST_F(FrozenStreams, HaveTheBitsThatTheyHaveAlone) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    Machines machines(options(precision));
    Task other = frozen(machines, "Another text, which is longer.");
    other.voice = machines.make_voice(
        Machines::voice_task(audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_m3.wav")));
    const Task task = frozen(machines, "Hello.");
    const Wave alone = streamed_alone(task, precision);
    const Wave other_alone = streamed_alone(other, precision);
    for (int i = 0; i < 2; ++i) {  // first by prompts that are made, then by those that are there
      Streamed first(machines, other), second(machines, task);
      for (bool done = false; !done;) {
        machines.tokens().step();
        const bool first_done = first.advance();
        done = second.advance() && first_done;
      }
      EXPECT_EQ(first.wave(), other_alone);
      EXPECT_EQ(second.wave(), alone);
    }
    StreamPlan recomputed = *task.stream;
    recomputed.frozen_prompt = false;
    const Wave wave = stream(machines, streaming(task, recomputed));
    EXPECT_EQ(wave.size(), alone.size());
    EXPECT_NE(wave, alone);
  }
}

TEST_F(FrozenStreams, OfAMeanFlow) {
  const testing::CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines machines(cpu_options(folder.path()));
  Task task = frozen(machines, "Hello.");
  task.voice = machines.make_voice(
      Machines::voice_task(audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_m3.wav")));
  const Wave wave = stream(machines, task);
  EXPECT_EQ(stream(machines, task), wave);
  task.stream->frozen_prompt = false;
  EXPECT_EQ(stream(machines, task).size(), wave.size());
}

TEST_F(FrozenStreams, AnInterruptedPromptIsMadeAgain) {
  Machines machines(options(Precision::kFp32));
  const Task task = frozen(machines, "Hello.");
  const int64_t id = machines.begin(task);
  const auto utterance = machines.tokens().open(id);
  for (int i = 0; i < 12; ++i) machines.tokens().step();
  machines.tokens().extend(id, *utterance);
  EXPECT_THROW((void)machines.speech().speak_chunk(*utterance, {0, 6, 12, false, false},
                                                   [](int64_t step) {
                                                     if (step == 1)
                                                       throw std::runtime_error("enough");
                                                   }),
               std::exception);
  machines.tokens().end(id);
  EXPECT_EQ(stream(machines, task), streamed_alone(task, Precision::kFp32));
}

TEST_F(FrozenStreams, APromptThatNeedsMoreThanThereIsIsRefused) {
  EngineOptions small = options(Precision::kFp32);
  Machines machines(small);
  const int64_t there = machines.catalog().limits().prompt_bytes;
  EXPECT_EQ(there, *small.memory_limit / 16);
  machines.catalog().check(frozen(machines, "Hello."));
  Task task = frozen(machines, "Hello.", 4000);
  const auto failure = testing::failure_of([&] { machines.catalog().check(task); });
  EXPECT_EQ(failure.status, Status::kInvalidArgument);
  EXPECT_THAT(failure.message, ::testing::HasSubstr("the frozen prompt of the voice takes "));
  EXPECT_THAT(failure.message, ::testing::HasSubstr("4000 Euler steps"));
  EXPECT_THAT(failure.message, ::testing::HasSubstr(std::to_string(there)));
  task.stream->frozen_prompt = false;
  machines.catalog().check(task);
}

std::shared_ptr<const voice::Conditionals> voice_of(uint64_t seed) {
  auto voice = std::make_shared<voice::Conditionals>();
  voice->s3gen_tokens = {1, 2, 3, static_cast<int64_t>(seed)};
  voice->s3gen_mel = values<float>(noise({8, 80}, seed));
  voice->x_vector = values<float>(noise({192}, seed));
  return voice;
}

TEST(PromptCache, KeepsThoseThatWereUsedLast) {
  const auto flow = s3gen::load_flow(
      nn::WeightReader(testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny), {}));
  const s3gen::FlowOptions options{2, 1, {}};
  const auto a = voice_of(1), b = voice_of(2), c = voice_of(3);
  const int64_t one = s3gen::prompt_bytes(*flow, *a, options);
  PromptCache cache(2 * one);
  const s3gen::PromptStates* made = &cache.find(*flow, a, options);
  (void)cache.find(*flow, b, options);
  EXPECT_EQ(cache.bytes(), 2 * one);
  EXPECT_EQ(&cache.find(*flow, voice_of(1), options), made) << "an equal voice is the same";
  (void)cache.find(*flow, c, options);  // in place of b
  EXPECT_EQ(cache.bytes(), 2 * one);
  EXPECT_EQ(&cache.find(*flow, a, options), made);
  EXPECT_NE(&cache.find(*flow, a, {2, 2, {}}), made) << "other steps have other states";
  EXPECT_LE(cache.bytes(), 2 * one);
}

}  // namespace
}  // namespace chatterbox::runtime
