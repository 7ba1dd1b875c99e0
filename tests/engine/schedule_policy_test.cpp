// The policies as tables: plain numbers in, a decision out.
#include <gmock/gmock.h>

#include "engine/scheduling/admission.h"
#include "engine/scheduling/costs.h"
#include "engine/scheduling/speech_policy.h"

namespace chatterbox::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kRows = 2;  // that a request with guidance takes

struct AdmissionCase {
  const char* what;
  Mode mode;
  Occupancy now;
  bool speech, reading;
};

// Of a model with max_batch 4 and 8 rows.
TEST(Admission, IsATable) {
  const std::vector<AdmissionCase> cases = {
      {"nothing runs", Mode::kDynamic, {}, true, true},
      {"nothing runs", Mode::kBatch, {}, true, true},
      {"nothing runs", Mode::kSequential, {}, true, true},
      {"one draws", Mode::kDynamic, {1, 0, 1, 0, 2, false}, true, true},
      {"one draws", Mode::kSequential, {1, 0, 1, 0, 2, false}, false, false},
      {"a voice is made", Mode::kSequential, {1, 0, 0, 1, 0, false}, false, false},
      {"a voice is made", Mode::kDynamic, {1, 0, 0, 1, 0, false}, true, true},
      {"one is in its prefill", Mode::kDynamic, {2, 1, 1, 0, 4, false}, false, true},
      {"one is in its prefill", Mode::kBatch, {2, 1, 1, 0, 4, false}, true, true},
      {"the batch has begun", Mode::kBatch, {1, 0, 1, 0, 2, true}, false, false},
      {"max_batch draw", Mode::kDynamic, {4, 0, 4, 0, 8, false}, false, true},
      {"no rows are free", Mode::kDynamic, {2, 0, 2, 0, 7, false}, false, true},
      {"max_batch draw without guidance", Mode::kDynamic, {4, 0, 4, 0, 4, false}, false, true},
      {"max_batch wait for S3Gen, and one draws",
       Mode::kDynamic,
       {5, 0, 1, 0, 2, false},
       true,
       true},
      {"twice max_batch run", Mode::kDynamic, {8, 0, 1, 0, 2, false}, false, false},
      {"max_batch recordings are read", Mode::kDynamic, {4, 0, 0, 4, 0, false}, true, false},
  };
  for (const AdmissionCase& one : cases) {
    SCOPED_TRACE(one.what + std::string(" in mode ") + std::to_string(static_cast<int>(one.mode)));
    const AdmissionLimits limits{one.mode, one.mode == Mode::kSequential ? 1 : 4, 8};
    EXPECT_EQ(may_start_speech(one.now, limits, kRows), one.speech);
    EXPECT_EQ(may_start_reading(one.now, limits), one.reading);
  }
}

TEST(Admission, SomeDevicesReadTextsTogether) {
  const auto may_start = [](Mode mode, int64_t prefills, int64_t in_prefill) {
    return may_start_speech({in_prefill, in_prefill, 0, 0, 0, false}, {mode, 9, 8, 0, prefills},
                            kRows);
  };
  EXPECT_TRUE(may_start(Mode::kDynamic, 3, 2));
  EXPECT_FALSE(may_start(Mode::kDynamic, 3, 3));
  EXPECT_TRUE(may_start(Mode::kBatch, 3, 3));
}

TEST(Admission, StreamsAreBoundedByWhatTheyTake) {
  Costs costs;
  EXPECT_EQ(sustainable_streams(costs, false, 64), kUnmeasuredStreams);
  EXPECT_EQ(sustainable_streams(costs, false, 3), 3);
  costs.token = 0.0016;  // 0.04 s in each second, of the 0.85 that streams may take
  costs.chunk_share = 0.06;
  EXPECT_EQ(sustainable_streams(costs, false, 64), 8);
  EXPECT_EQ(sustainable_streams(costs, true, 64), 14);
  EXPECT_EQ(sustainable_streams(costs, true, 10), 10);
  costs.chunk_share = 3;  // slower than speech
  EXPECT_EQ(sustainable_streams(costs, false, 64), 1);
}

struct StreamCase {
  const char* what;
  int64_t streams, starting, max_streams;
  bool may_start;
};

// Where eight can be sustained.
TEST(Admission, OfStreamsIsATable) {
  const std::vector<StreamCase> cases = {
      {"none runs", 0, 0, 0, true},      {"one starts", 1, 1, 0, true},
      {"two start", 2, 2, 0, false},     {"four run, and one starts", 4, 1, 0, true},
      {"it is reached", 1, 0, 1, false},
  };
  Costs costs;
  costs.token = 0.0016;
  costs.chunk_share = 0.06;
  for (const StreamCase& one : cases) {
    SCOPED_TRACE(one.what);
    Occupancy now;
    now.streams = one.streams;
    now.starting_streams = one.starting;
    EXPECT_EQ(may_start_stream(now, {Mode::kDynamic, 64, 8, one.max_streams}, costs, false),
              one.may_start);
  }
}

// Where twelve can be sustained.
TEST(Admission, AsManyStartAsHaveTheirSecondChunksInTime) {
  const auto startable = [](int64_t streams, int64_t starting, double chunk, double first) {
    Occupancy now;
    now.streams = streams;
    now.starting_streams = starting;
    Costs costs;
    costs.chunk = chunk;
    costs.first_chunk = first;
    return startable_streams(now, costs, 12);
  };
  EXPECT_EQ(startable(0, 0, 0, 0), 4);      // nothing is known
  EXPECT_EQ(startable(0, 0, 0.1, 0), 4);    // nor how long first chunks are
  EXPECT_EQ(startable(0, 0, 0.1, 0.3), 4);  // they are short
  EXPECT_EQ(startable(0, 0, 0.1, 1.2), 7);
  EXPECT_EQ(startable(6, 6, 0.1, 1.2), 7);   // however many start
  EXPECT_EQ(startable(12, 6, 0.1, 1.2), 4);  // others need half of the time
  EXPECT_EQ(startable(3, 0, 0.1, 1.2), 6);
  EXPECT_EQ(startable(0, 0, 0.01, 9), 12);  // never more than there may be
}

ReadyUtterance ready(int64_t frames, int64_t overtaken = 0, int32_t priority = 0,
                     uint64_t series = 0) {
  ReadyUtterance utterance;
  utterance.frames = frames;
  utterance.cfm_steps = 10;
  utterance.times_overtaken = overtaken;
  utterance.priority = priority;
  utterance.series = series;
  return utterance;
}

TEST(SpeechAlone, IsOfTheOneWithTheLeastToDo) {
  EXPECT_THAT(next_alone({}), IsEmpty());
  EXPECT_THAT(next_alone({ready(700)}), ElementsAre(0));
  EXPECT_THAT(next_alone({ready(700), ready(500), ready(600)}), ElementsAre(1));
  EXPECT_THAT(next_alone({ready(500), ready(500)}), ElementsAre(0));
  std::vector<ReadyUtterance> steps = {ready(500), ready(700)};
  steps[1].cfm_steps = 2;
  EXPECT_THAT(next_alone(steps), ElementsAre(1));
}

TEST(SpeechAlone, NobodyIsOvertakenForEver) {
  EXPECT_THAT(next_alone({ready(900, kMaxOvertaken - 1), ready(500)}), ElementsAre(1));
  EXPECT_THAT(next_alone({ready(900, kMaxOvertaken), ready(500)}), ElementsAre(0));
  EXPECT_THAT(next_alone({ready(900, kMaxOvertaken), ready(999, kMaxOvertaken + 3), ready(500)}),
              ElementsAre(0));
}

TEST(SpeechAlone, ThePriorityComesFirst) {
  EXPECT_THAT(next_alone({ready(500), ready(900, 0, 1)}), ElementsAre(1));
  EXPECT_THAT(next_alone({ready(500, kMaxOvertaken), ready(900, 0, 1)}), ElementsAre(1));
  EXPECT_THAT(next_alone({ready(500, 0, -5), ready(900, 0, -6)}), ElementsAre(0));
}

TEST(SpeechAlone, PiecesOfALongTextKeepTheirOrder) {
  EXPECT_THAT(next_alone({ready(900, 0, 0, 7), ready(500, 0, 0, 7)}), ElementsAre(0));
  EXPECT_THAT(next_alone({ready(900, 0, 0, 7), ready(500, 0, 0, 8)}), ElementsAre(1));
  EXPECT_THAT(next_alone({ready(900, 0, 0, 7), ready(500, 0, 0, 7), ready(600)}), ElementsAre(2));
}

struct BatchCase {
  const char* what;
  std::vector<ReadyUtterance> ready;
  int64_t drawing;
  std::vector<size_t> expected;
};

ReadyUtterance waiting(int64_t frames, int64_t steps_waited, int64_t cfm_steps = 10,
                       int32_t priority = 0) {
  ReadyUtterance utterance = ready(frames, 0, priority);
  utterance.steps_waited = steps_waited;
  utterance.cfm_steps = cfm_steps;
  return utterance;
}

// Of 1000 frames.
TEST(SpeechInBatches, IsATable) {
  const std::vector<BatchCase> cases = {
      {"nothing is ready", {}, 0, {}},
      {"nothing draws any more", {waiting(400, 0)}, 0, {0}},
      {"more draw than are ready", {waiting(400, 0)}, 2, {}},
      {"as many draw as are ready", {waiting(300, 0), waiting(200, 0)}, 2, {1, 0}},
      {"one has no more patience", {waiting(400, kPatience)}, 5, {0}},
      {"one has a step's patience", {waiting(400, kPatience - 1)}, 5, {}},
      {"a batch is full", {waiting(600, 0), waiting(500, 1)}, 5, {1}},
      {"by length", {waiting(600, 9), waiting(300, 0), waiting(310, 0)}, 1, {0}},
      {"other steps are another batch", {waiting(300, 0, 2), waiting(300, 1, 10)}, 9, {1}},
      {"a long one is spoken alone", {waiting(4000, 0)}, 1, {0}},
      {"the priority first", {waiting(600, 31), waiting(600, 0, 10, 1)}, 9, {1}},
  };
  std::vector<ReadyUtterance> guided = {waiting(300, 0), waiting(300, 1)};
  guided[0].cfg_steps = 10;
  EXPECT_THAT(next_batch(guided, 9, 1000), ElementsAre(1)) << "other guidance is another batch";
  for (const BatchCase& one : cases) {
    EXPECT_EQ(next_batch(one.ready, one.drawing, 1000), one.expected) << one.what;
  }
}

TEST(Costs, AMovingAverageBeginsAsAMean) {
  MovingAverage average;
  EXPECT_EQ(average.value(), 0);
  average.add(2);
  EXPECT_EQ(average.value(), 2);
  average.add(4);
  EXPECT_EQ(average.value(), 3);
  for (int i = 0; i < 200; ++i) average.add(10);
  EXPECT_NEAR(average.value(), 10, 0.01);
}

TEST(Costs, WorkAheadIsWhatIsKnownOfIt) {
  const Costs costs{0, 0.5, 0.001, 2};
  runtime::Task task;
  task.text_ids.assign(10, 1);
  task.max_new_tokens = 1000;
  task.cfm_steps = 8;
  // 20 tokens of half a second, 40 frames of ten units each.
  EXPECT_DOUBLE_EQ(seconds_ahead(costs, task, 0), 10 + 0.4);
  EXPECT_DOUBLE_EQ(seconds_ahead(costs, task, 15), 2.5 + 0.4);
  EXPECT_DOUBLE_EQ(seconds_ahead(costs, task, 30), 0.6);  // longer than was expected
  task.max_new_tokens = 5;
  EXPECT_DOUBLE_EQ(seconds_ahead(costs, task, 0), 2.5 + 0.1);
  task.kind = runtime::TaskKind::kConversion;
  task.source = std::make_shared<const Audio>(Audio{std::vector<float>(48000), 24000, 1});
  EXPECT_DOUBLE_EQ(seconds_ahead(costs, task, 0), 1.0);  // 50 tokens that are not drawn
  EXPECT_DOUBLE_EQ(seconds_ahead({}, task, 0), 0);
}

}  // namespace
}  // namespace chatterbox::engine
