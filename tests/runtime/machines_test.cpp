// What the machines promise to who drives them, on a tiny model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "audio/codec.h"
#include "runtime/machines.h"
#include "support/failure_of.h"
#include "support/synthetic_folder.h"

namespace chatterbox::runtime {
namespace {

using testing::cpu_options;
using testing::failure_of;
using ::testing::HasSubstr;
using testing::Machines;

using Wave = std::vector<float>;
using Batch = std::vector<Utterance*>;

EngineOptions options_with_rows(int32_t requests) {
  EngineOptions options = cpu_options(testing::synthetic_folder());
  options.max_batch = requests;
  return options;
}

class MachinesTest : public ::testing::Test {
 protected:
  // Does not end by itself.
  [[nodiscard]] Task task(const std::string& text, int64_t tokens = 12) const {
    Task task = machines_.speech_task(text);
    task.temperature = 5;
    task.min_p = 0;
    task.max_new_tokens = tokens;
    task.cfm_steps = 2;
    return task;
  }
  [[nodiscard]] static Audio recording() {
    return audio::read_audio(CHATTERBOX_TEST_DATA "/data/espeak_f3_22k.wav");
  }
  TokenExecutor& tokens() { return machines_.tokens(); }
  SpeechExecutor& speech() { return machines_.speech(); }
  // Whether all rows are free: as many sequences can begin as there is room for.
  void expect_rows_are_free() {
    const int64_t first = machines_.begin(task("First."));
    const int64_t second = machines_.begin(task("Second."));
    EXPECT_EQ(failure_of([&] { (void)tokens().begin(task("Third.")); }).status, Status::kBusy);
    tokens().end(first);
    tokens().end(second);
  }

  Machines machines_{options_with_rows(2)};
};

TEST_F(MachinesTest, AnUtteranceIsSpokenAgainTheSame) {
  const auto utterance = machines_.draw(task("Hello."));
  const Wave wave = machines_.speak(*utterance);
  EXPECT_FALSE(wave.empty());
  EXPECT_EQ(machines_.speak(*utterance), wave);
  EXPECT_EQ(speech().vocode({utterance.get()}).front(), wave);
}

// What stops a flow leaves its random numbers as they were.
TEST_F(MachinesTest, AFlowThatWasStoppedIsDoneAgainTheSame) {
  const auto utterance = machines_.draw(task("Hello."));
  const Wave wave = machines_.speak(*utterance);
  const auto stop = [](int64_t step) {
    if (step == 1) throw std::runtime_error("stopped");
  };
  EXPECT_THROW(speech().flow({utterance.get()}, stop), std::runtime_error);
  EXPECT_EQ(machines_.speak(*utterance), wave);
}

TEST_F(MachinesTest, ABatchIsSpokenAsEachAlone) {
  const auto first = machines_.draw(task("Hello."));
  const auto second = machines_.draw(task("Another text, which is longer.", 20));
  const std::vector<Wave> waves = machines_.speak(Batch{first.get(), second.get()});
  EXPECT_EQ(waves[0], machines_.speak(*first));
  EXPECT_EQ(waves[1], machines_.speak(*second));
  EXPECT_NE(waves[0], waves[1]);
}

TEST_F(MachinesTest, SequencesDecodeTogetherAsEachAlone) {
  const Wave alone = machines_.speak(task("Hello."));
  const int64_t first = machines_.begin(task("Hello."));
  const int64_t second = machines_.begin(task("Another text, which is longer.", 20));
  EXPECT_FALSE(tokens().generated(first));
  EXPECT_EQ(tokens().drawn(first), 0);
  tokens().step();
  EXPECT_EQ(tokens().drawn(first), 1);
  EXPECT_EQ(tokens().drawn(second), 1);
  const auto other = machines_.draw(second);
  EXPECT_EQ(other->stats().speech_tokens, 20);
  EXPECT_EQ(machines_.speak(*machines_.draw(first)), alone);
}

TEST_F(MachinesTest, RowsAreFreeOnceASequenceEnded) {
  expect_rows_are_free();
  tokens().end(tokens().begin(task("In its prefill.")));
  const int64_t drawing = machines_.begin(task("In the midst of it."));
  tokens().step();
  tokens().end(drawing);
  (void)machines_.draw(task("Collected."));
  expect_rows_are_free();
  tokens().end(drawing);  // there is none any more
}

// A receiver that throws when the tokens are collected: the sequence ends all the same.
TEST_F(MachinesTest, CollectingEndsASequenceAlsoWhereItThrows) {
  Task receiving = task("Hello.");
  receiving.sink = [](const TensorView& view) {
    if (view.name == "t3.tokens") throw std::runtime_error("no room");
  };
  const int64_t id = machines_.begin(receiving);
  while (!tokens().generated(id)) tokens().step();
  EXPECT_THROW((void)tokens().collect(id), std::runtime_error);
  expect_rows_are_free();
}

TEST_F(MachinesTest, AFailureConcernsItsSequenceAlone) {
  const Wave alone = machines_.speak(task("Hello."));
  Task failing = task("Fails.");
  failing.sink = [](const TensorView& view) {
    if (view.name == "t3.logits1") throw std::runtime_error("no room");
  };
  const int64_t failed = machines_.begin(failing);
  const int64_t sound = machines_.begin(task("Hello."));
  while (!tokens().generated(sound)) tokens().step();
  EXPECT_TRUE(tokens().generated(failed));
  EXPECT_EQ(tokens().drawn(failed), 1);
  EXPECT_THROW((void)tokens().collect(failed), std::runtime_error);
  EXPECT_EQ(machines_.speak(*machines_.draw(sound)), alone);
  expect_rows_are_free();
}

// Neither takes a row, and both go on in parts while others decode.
TEST_F(MachinesTest, RecordingsAreReadBesideSpeech) {
  const Wave alone = machines_.speak(task("Hello."));
  const auto voice = machines_.make_voice(Machines::voice_task(recording()));
  const Wave converted = machines_.speak(machines_.conversion_task(recording()));

  const int64_t speaking = machines_.begin(task("Hello."));
  const int64_t making = tokens().begin(Machines::voice_task(recording()));
  const int64_t converting = tokens().begin(machines_.conversion_task(recording()));
  int parts = 0;
  for (const int64_t id : {making, converting}) {
    EXPECT_FALSE(tokens().generated(id));
    for (bool done = false; !done; ++parts) {
      done = tokens().prefill(id);
      tokens().step();
      EXPECT_EQ(tokens().generated(id), done);
    }
    EXPECT_EQ(tokens().drawn(id), 0);
  }
  EXPECT_GT(parts, 10);
  EXPECT_EQ(tokens().collect_voice(making).x_vector, voice->x_vector);
  EXPECT_EQ(machines_.speak(*tokens().collect(converting)), converted);
  EXPECT_EQ(machines_.speak(*machines_.draw(speaking)), alone);
}

TEST_F(MachinesTest, ARecordingThatGivesNoVoiceIsAnError) {
  Audio whisper = recording();
  for (float& sample : whisper.samples) sample *= 1e-4F;
  const testing::CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines turbo(cpu_options(folder.path()));
  while (whisper.samples.size() < size_t{6} * 22050) {
    whisper.samples.insert(whisper.samples.end(), whisper.samples.begin(), whisper.samples.end());
  }
  const int64_t id = turbo.tokens().begin(Machines::voice_task(whisper));
  const Failure failure = failure_of([&] { (void)turbo.tokens().prefill(id); });
  EXPECT_EQ(failure.status, Status::kBadAudio);
  EXPECT_THAT(failure.message, HasSubstr("at least 0.4 s of it must reach -70 LUFS"));
  turbo.tokens().end(id);
}

TEST_F(MachinesTest, AMissingWatermarkLeavesTheWaveAsItIs) {
  const Wave wave = machines_.speak(task("Hello."));
  EXPECT_FALSE(machines_.catalog().info().watermark);
  EXPECT_EQ(speech().add_watermark(wave), wave);
}

TEST_F(MachinesTest, PrefixesAreCounted) {
  EXPECT_EQ(tokens().prefix_stats().misses, 0);
  (void)machines_.draw(task("Hello."));
  EXPECT_EQ(tokens().prefix_stats().misses, 1);
  (void)machines_.draw(task("Hello."));
  EXPECT_EQ(tokens().prefix_stats().hits, 1);
  EXPECT_GT(tokens().prefix_stats().positions_saved, 0);
}

}  // namespace
}  // namespace chatterbox::runtime
