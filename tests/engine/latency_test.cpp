// How long requests take, in virtual time, with costs as they were measured on a CPU of two cores:
// a decode step of one request 45 ms and of eight 176 ms, S3Gen 16.5 s for a hundred tokens.
#include <gmock/gmock.h>

#include <numeric>
#include <random>

#include "engine/long_texts.h"
#include "engine/old_policy.h"
#include "engine/scheduling/speech_policy.h"
#include "engine/timeline.h"
#include "support/fake_executor.h"
#include "support/requests.h"
#include "support/virtual_time.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

constexpr int32_t kSteps = 10;
constexpr int32_t kBatch = 8;
constexpr int64_t kBatchFrames = 4086;

FakeCosts cpu_costs() {
  FakeCosts costs;
  costs.prefill_part = 0.15;
  costs.step = 0.0263;
  costs.step_row = 0.00936;
  costs.prompt_frames = 500;
  costs.euler_frame = 15.0 / 7000;
  costs.vocoder_frame = 1.5 / 700;
  return costs;
}

double speech_seconds(int64_t tokens) {
  const FakeCosts costs = cpu_costs();
  return static_cast<double>(costs.prompt_frames + 2 * tokens) *
         (costs.euler_frame * kSteps + costs.vocoder_frame);
}

Request request_of(int64_t tokens) {
  Request request = request_for(std::string(static_cast<size_t>(tokens - fake_tokens("")), 'x'));
  request.cfm_steps = kSteps;
  return request;
}

EngineOptions options_for(const std::string& device) {
  EngineOptions options;
  options.max_batch = kBatch;
  options.max_queue = 1000;
  options.device = device;
  return options;
}

struct Figures {
  double first = 0, mean = 0, last = 0, end = 0;
};

Figures figures_of(const std::vector<double>& latencies, double end) {
  Figures figures;
  figures.first = *std::min_element(latencies.begin(), latencies.end());
  figures.last = *std::max_element(latencies.begin(), latencies.end());
  figures.mean = std::accumulate(latencies.begin(), latencies.end(), 0.0) /
                 static_cast<double>(latencies.size());
  figures.end = end;
  return figures;
}

std::vector<double> latencies_of(const std::vector<Result>& results) {
  std::vector<double> latencies;
  for (const Result& result : results) latencies.push_back(result.timings.total);
  return latencies;
}

class LatencyTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  // Both policies on the same requests; the figures are in the test's report.
  void compare(const std::vector<Arrival>& arrivals, const FakeCosts& costs = cpu_costs(),
               const std::string& device = "cpu") {
    Timeline run(costs, options_for(device));
    for (const Arrival& arrival : arrivals) run.at(arrival.at, request_of(arrival.tokens));
    const std::vector<Result> results = run.results();
    now_ = figures_of(latencies_of(results), run.end());
    OldPolicy policy(costs, kSteps, kBatch, kBatchFrames);
    const std::vector<double> old = policy.run(arrivals);
    old_ = figures_of(old, policy.now());
    for (const auto& [name, figures] : {std::pair("old", old_), std::pair("now", now_)}) {
      RecordProperty(name, fmt::format("first {:.1f} s, mean {:.1f} s, last {:.1f} s, end {:.1f} s",
                                       figures.first, figures.mean, figures.last, figures.end));
    }
  }

  Figures old_, now_;
};

TEST_F(LatencyTest, TheFirstOfEightComesInHalfTheTime) {
  compare(std::vector<Arrival>(8, {0, 100}));
  EXPECT_NEAR(old_.first, 85, 3);  // measured: 84 s
  EXPECT_LE(now_.first, 0.5 * old_.first);
  EXPECT_LE(now_.mean, 0.9 * old_.mean);
  EXPECT_NEAR(now_.end, old_.end, 0.03 * old_.end);  // the same work in the same time
}

TEST_F(LatencyTest, OneAloneTakesWhatItTakes) {
  compare({{0, 100}});
  EXPECT_NEAR(now_.first, 0.3 + 100 * 0.04502 + 16.5, 0.01);
  EXPECT_NEAR(now_.first, old_.first, 0.01);
}

TEST_F(LatencyTest, ShortOnesAmongLongOnes) {
  std::vector<Arrival> arrivals;
  for (const int64_t tokens : {400, 40, 400, 40, 400, 40, 400, 40}) arrivals.push_back({0, tokens});
  compare(arrivals);
  EXPECT_LE(now_.first, 0.5 * old_.first);
  EXPECT_LE(now_.mean, 0.95 * old_.mean);
  EXPECT_NEAR(now_.end, old_.end, 0.03 * old_.end);
}

// More short requests than there is time for. Once it is ready, the long one lets a few of them
// pass, and no more; while it draws, it takes part in each of their steps.
TEST_F(LatencyTest, ALongOneAmongManyShortOnesIsNotStarved) {
  std::vector<Arrival> arrivals = {{0, 480}};
  for (int i = 0; i < 100; ++i) arrivals.push_back({1 + 13.0 * i, 50});
  Timeline run(cpu_costs(), options_for("cpu"));
  for (const Arrival& arrival : arrivals) run.at(arrival.at, request_of(arrival.tokens));
  const std::vector<Result> results = run.results();
  const Timings& timings = results.front().timings;
  const double waited =
      timings.total - timings.queued - timings.decode - timings.flow - timings.vocoder - 0.3;
  EXPECT_LE(waited, (engine::kMaxOvertaken + 1) * speech_seconds(50));
  const double alone = 0.3 + 480 * 0.04502 + speech_seconds(480);
  EXPECT_LE(timings.total, kBatch * alone);  // its share, where eight draw
  OldPolicy policy(cpu_costs(), kSteps, kBatch, kBatchFrames);
  const double old = policy.run(arrivals).front();
  EXPECT_LE(timings.total, 1.25 * old);
  RecordProperty("long_one", fmt::format("{:.1f} s, old {:.1f} s", timings.total, old));
}

TEST_F(LatencyTest, AMixOverTime) {
  std::mt19937 random(3);
  const std::vector<int64_t> sizes = {30, 60, 100, 200, 400};
  std::vector<Arrival> arrivals;
  double at = 0;
  for (int i = 0; i < 60; ++i) {
    arrivals.push_back({at, sizes[random() % sizes.size()]});
    at += 1 + static_cast<double>(random() % 50);
  }
  compare(arrivals);
  EXPECT_LE(now_.mean, old_.mean);
  EXPECT_LE(now_.end, 1.03 * old_.end);
}

// Twenty requests of one client, and then one of another: first come, first served made it wait for
// all of them.
TEST_F(LatencyTest, AnotherClientDoesNotWaitForAllOfAClients) {
  Timeline run(cpu_costs(), options_for("cpu"));
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 20; ++i) arrivals.push_back({0, 100});
  for (const Arrival& arrival : arrivals) run.at(arrival.at, request_of(arrival.tokens));
  arrivals.push_back({1, 100});
  Request other = request_of(100);
  other.client = 2;
  run.at(1, other);
  const double latency = run.results().back().timings.total;
  OldPolicy policy(cpu_costs(), kSteps, kBatch, kBatchFrames);
  const double old = policy.run(arrivals).back();
  RecordProperty("latency",
                 fmt::format("{:.1f} s, first come first served {:.1f} s", latency, old));
  EXPECT_LE(latency, 0.7 * old);
}

// A hundred pieces are spoken while a short request comes every 100 s: each finds the eight that
// draw already and those that are ready, and is the next to join.
TEST_F(LatencyTest, OthersDoNotWaitForALongText) {
  Timeline run(cpu_costs(), options_for("cpu"));
  Request text = request_for(sentences(100));
  text.cfm_steps = kSteps;
  text.on_done = [&](Status) { run.job_ended(); };
  run.at(0, [text](Engine& engine) { return engine.submit_long(text, {}); });
  for (int i = 1; i <= 5; ++i) run.at(100.0 * i, request_of(40));
  const std::vector<Result> results = run.results();
  double worst = 0;
  for (size_t i = 1; i < results.size(); ++i) worst = std::max(worst, results[i].timings.total);
  RecordProperty("worst", fmt::format("{:.1f} s while the text takes {:.1f} s", worst, run.end()));
  EXPECT_GT(run.end(), 1500);
  EXPECT_LE(worst, 220);
}

// Where a batch is cheaper than its parts, nothing changed.
TEST_F(LatencyTest, ADeviceThatGainsByBatchesKeepsThem) {
  FakeCosts costs = cpu_costs();
  costs.batch_gain = 0.8;
  compare(std::vector<Arrival>(8, {0, 100}), costs, kFakeBatching);
  EXPECT_NEAR(now_.end, old_.end, 0.03 * old_.end);
  EXPECT_LE(now_.end, 105);  // one by one: 152
}

}  // namespace
}  // namespace chatterbox
