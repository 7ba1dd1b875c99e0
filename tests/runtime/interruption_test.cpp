// How often the models ask whether anybody still wants what they compute, and that they may be told
// so wherever they ask. In counts, not in times: how long a part takes is for the machine to say.
#include "support/interruption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "audio/codec.h"
#include "runtime/machines.h"
#include "support/synthetic_folder.h"

namespace chatterbox::runtime {
namespace {

using testing::cpu_options;
using testing::Machines;

struct Enough {};

// Runs `work`, and returns how often it asked; it is told to end at the one of that number.
int looks_of(const std::function<void()>& work, int last = -1) {
  int looks = 0;
  const InterruptionCheck check([&] {
    if (looks++ == last) throw Enough();
  });
  work();
  return looks;
}

class InterruptionTest : public ::testing::Test {
 protected:
  static EngineOptions options() {
    EngineOptions options = cpu_options(testing::synthetic_folder());
    options.watermark = Watermark::kAuto;
    return options;
  }
  static Audio recording(double seconds) {
    Audio long_one = audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_f3_22k.wav");
    const std::vector<float> once = long_one.samples;
    long_one.samples.resize(static_cast<size_t>(seconds * long_one.sample_rate));
    for (size_t i = 0; i < long_one.samples.size(); ++i) {
      long_one.samples[i] = once[i % once.size()];
    }
    return long_one;
  }
  // In one Euler step.
  Task conversion(const Audio& source) {
    Task task = machines_.conversion_task(source);
    task.cfm_steps = task.cfg_steps = 1;
    return task;
  }
  int64_t prefilled(const Task& task) {
    const int64_t id = tokens().begin(task);
    try {
      while (!tokens().prefill(id)) continue;
    } catch (...) {
      tokens().end(id);
      throw;
    }
    return id;
  }
  std::unique_ptr<Utterance> read(const Task& task) { return tokens().collect(prefilled(task)); }
  voice::Conditionals make_voice(const Task& task) {
    return tokens().collect_voice(prefilled(task));
  }
  TokenExecutor& tokens() { return machines_.tokens(); }
  SpeechExecutor& speech() { return machines_.speech(); }
  [[nodiscard]] bool marks() const { return machines_.catalog().info().watermark; }

  Machines machines_{options()};
};

// One part is at most some tens of milliseconds at the official size, or one operation of libtorch.
TEST_F(InterruptionTest, EveryStageOfALongConversionAsksOften) {
  constexpr int kSeconds = 30;
  const Audio source = recording(kSeconds);
  EXPECT_GE(looks_of([&] { (void)conversion(source); }), kSeconds / 4);  // resampling it
  const Task task = conversion(source);
  std::unique_ptr<Utterance> utterance;
  // The tiny tokenizer has a third of the layers.
  EXPECT_GE(looks_of([&] { utterance = read(task); }), kSeconds / 2);
  const std::vector<Utterance*> batch = {utterance.get()};
  const auto no_step = [](int64_t) {};
  EXPECT_GE(looks_of([&] { speech().flow(batch, no_step); }), kSeconds);
  std::vector<float> wave;
  EXPECT_GE(looks_of([&] { wave = speech().vocode(batch).front(); }), 10 * kSeconds);
  EXPECT_GE(looks_of([&] { (void)speech().add_watermark(wave); }), marks() ? kSeconds : 0);
}

TEST_F(InterruptionTest, EveryStageOfALongVoiceAsksOften) {
  constexpr int kSeconds = 30;
  const Audio source = recording(kSeconds);
  EXPECT_GE(looks_of([&] { (void)Machines::voice_task(source); }), kSeconds / 4);
  const Task task = Machines::voice_task(source);
  EXPECT_GE(looks_of([&] { (void)make_voice(task); }), kSeconds / 2);
}

// Where it is ended, it is forgotten, and done again it gives the same.
TEST_F(InterruptionTest, WhatIsEndedAnywhereIsDoneAgainTheSame) {
  const Task source = conversion(recording(2));
  const Task sample = Machines::voice_task(recording(2));
  const auto no_step = [](int64_t) {};
  const std::unique_ptr<Utterance> utterance = read(source);
  const std::vector<Utterance*> batch = {utterance.get()};
  const auto convert = [&] {
    speech().flow(batch, no_step);
    return speech().add_watermark(speech().vocode(batch).front());
  };
  const std::vector<float> wave = convert();
  const int64_t tokens = utterance->tokens();
  const std::vector<float> vector = make_voice(sample).x_vector;
  const std::vector<std::function<void()>> stages = {
      [&] { EXPECT_EQ(convert(), wave); }, [&] { EXPECT_EQ(read(source)->tokens(), tokens); },
      [&] { EXPECT_EQ(make_voice(sample).x_vector, vector); }};
  for (const auto& stage : stages) {
    constexpr int kPlaces = 12;
    const int looks = looks_of(stage);
    ASSERT_GT(looks, kPlaces);
    for (int place = 0; place < kPlaces; ++place) {
      EXPECT_THROW(looks_of(stage, (looks - 1) * place / (kPlaces - 1)), Enough) << place;
      stage();
    }
  }
}

}  // namespace
}  // namespace chatterbox::runtime
