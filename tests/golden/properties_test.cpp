// What must hold for the real models whatever their numbers are: repeatability, saved voices, the
// modes of sampling, cancellation, and an engine that stays usable after every refusal.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "pipeline.h"
#include "support/temporary_folder.h"

namespace chatterbox {
namespace {

using Wave = std::vector<float>;

class Synthetic : public ::testing::Test {
 protected:
  static const ChatterboxEngine& engine() {
    static const ChatterboxEngine shared =
        ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
    return shared;
  }
  static Request request(uint64_t seed = 5) {
    Request request;
    request.text = "A short sentence.";
    request.seed = seed;
    request.max_new_tokens = 12;
    request.cfm_steps = 3;
    return request;
  }
  static Wave samples(const Request& request) { return wave_of(engine().generate(request)); }
};

TEST_F(Synthetic, TheSameSeedGivesTheSameBits) {
  const Wave first = samples(request());
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(samples(request()), first);
  EXPECT_NE(samples(request(6)), first);
  const ChatterboxEngine other = ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
  EXPECT_EQ(wave_of(other.generate(request())), first);
}

TEST_F(Synthetic, TheSeedThatTheEnginePickedGivesTheSameBitsAgain) {
  Request unseeded = request();
  unseeded.seed.reset();
  const Result first = engine().generate(unseeded);
  const Result second = engine().generate(unseeded);
  EXPECT_NE(first.stats().seed, second.stats().seed);
  EXPECT_EQ(samples(request(first.stats().seed)), wave_of(first));
}

TEST_F(Synthetic, ASavedVoiceGivesTheSameBits) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("me.voice");
  const Voice voice = engine().make_voice(
      read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav"));
  voice.save(path);
  Request with_voice = request();
  with_voice.voice = voice;
  const Wave expected = samples(with_voice);
  EXPECT_NE(expected, samples(request()));  // not the model's own
  with_voice.voice = Voice::load(path);
  EXPECT_EQ(samples(with_voice), expected);
}

TEST_F(Synthetic, TemperatureZeroIsGreedyWhateverTheSeed) {
  const auto tokens = [](uint64_t seed) {
    testing::CollectedTensors collected;
    Request greedy = request(seed);
    greedy.temperature = 0;
    greedy.on_tensor = collected.sink();
    (void)engine().generate(greedy);
    return collected.tensor("t3.tokens");
  };
  EXPECT_TRUE(at::equal(tokens(1), tokens(2)));
}

TEST_F(Synthetic, WithoutGuidanceThereIsOneRow) {
  testing::CollectedTensors collected;
  Request unguided = request();
  unguided.cfg_weight = 0;
  unguided.on_tensor = collected.sink();
  EXPECT_FALSE(engine().generate(unguided).samples().empty());
  EXPECT_EQ(collected.tensor("t3.logits0").size(0), 1);

  // The conditional row is the one that guidance starts from.
  testing::CollectedTensors guided_tensors;
  Request guided = request();
  guided.on_tensor = guided_tensors.sink();
  (void)engine().generate(guided);
  testing::expect_close(collected.tensor("t3.logits0"),
                        guided_tensors.tensor("t3.logits0").narrow(0, 0, 1),
                        testing::Stage::kLogits);
}

TEST_F(Synthetic, ExaggerationBelongsToTheRequest) {
  Request calm = request();
  calm.exaggeration = 0;
  EXPECT_NE(samples(calm), samples(request()));
  EXPECT_EQ(samples(request()), samples(request()));
}

TEST_F(Synthetic, ResultsCountWhatWasDone) {
  std::vector<Stage> stages;
  Request counted = request();
  counted.on_progress = [&](const Progress& progress) {
    if (stages.empty() || stages.back() != progress.stage) stages.push_back(progress.stage);
  };
  const Result result = engine().generate(counted);
  EXPECT_EQ(result.finish_reason(), FinishReason::kMaxTokens);
  EXPECT_EQ(result.stats().speech_tokens, 12);
  EXPECT_EQ(result.stats().decode_steps, 11);
  const ResultStats t = result.stats();
  EXPECT_GT(t.prefill_seconds, 0);
  EXPECT_GT(t.decode_seconds, 0);
  EXPECT_GT(t.flow_seconds, 0);
  EXPECT_GT(t.vocoder_seconds, 0);
  EXPECT_LE(t.queued_seconds + t.text_seconds + t.prefill_seconds + t.decode_seconds +
                t.flow_seconds + t.vocoder_seconds + t.watermark_seconds,
            t.total_seconds * 1.001);
  EXPECT_THAT(stages, ::testing::ElementsAre(Stage::kPrefill, Stage::kDecode, Stage::kFlow,
                                             Stage::kVocoder, Stage::kDone));
}

void expect_refused(const ChatterboxEngine& engine, const Request& request, Status status,
                    const std::string& message) {
  try {
    (void)engine.generate(request);
    ADD_FAILURE() << "accepted; expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr(message));
  }
}

TEST_F(Synthetic, RefusalsNameTheValueAndLeaveTheEngineUsable) {
  const Wave expected = samples(request());
  Request bad = request();
  bad.text = std::string(6000, 'q');  // within the bytes, beyond the tokens
  expect_refused(engine(), bad, Status::kInvalidArgument, "the limit is");
  bad = request();
  bad.temperature = 0.01F;
  expect_refused(engine(), bad, Status::kInvalidArgument, "got 0.01");
  EXPECT_EQ(samples(request()), expected);
}

// `stop_at` is where the job is cancelled; what comes after it may be one step at most.
void expect_cancelled_within_one_step(const ChatterboxEngine& engine, Request request,
                                      Stage stop_at) {
  std::atomic<bool> reached{false};
  std::atomic<bool> cancelled{false};
  std::atomic<int> late{0};
  request.max_new_tokens = 1000;
  request.on_progress = [&](const Progress& progress) {
    if (cancelled) ++late;
    if (progress.stage != stop_at || progress.done < 2) return;
    reached = true;
    while (!cancelled) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  const Job job = engine.submit(request);
  while (!reached && !job.done()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  job.cancel();
  cancelled = true;
  try {
    (void)job.wait();
    ADD_FAILURE() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kCancelled);
  }
  EXPECT_TRUE(reached);
  EXPECT_LE(late, 1);
}

TEST_F(Synthetic, CancellationTakesOneStep) {
  const Wave expected = samples(request());
  Request long_request = request();
  long_request.cfm_steps = 100;
  expect_cancelled_within_one_step(engine(), long_request, Stage::kDecode);
  expect_cancelled_within_one_step(engine(), long_request, Stage::kFlow);
  EXPECT_EQ(samples(request()), expected);
}

TEST_F(Synthetic, ManyThreadsMayUseOneEngine) {
  std::vector<Wave> expected;
  for (uint64_t seed = 0; seed < 4; ++seed) expected.push_back(samples(request(seed)));
  std::vector<Wave> actual(4);
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] { actual[seed] = samples(request(seed)); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(actual, expected);
}

}  // namespace
}  // namespace chatterbox
