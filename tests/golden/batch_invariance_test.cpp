// A request gives the same tokens and the same samples, bit by bit, whether it runs alone or among
// any neighbours: random mixes of requests that differ in everything a request has, that join and
// leave at any time, and of which some are cancelled.
#include <gmock/gmock.h>

#include <chrono>
#include <random>
#include <thread>

#include "pipeline.h"
#include "support/latch.h"

namespace chatterbox {
namespace {

constexpr size_t kPoolSize = 32;
#ifdef __SANITIZE_ADDRESS__
constexpr int kPart = 4;  // of the mixes: they take eight times as long
#else
constexpr int kPart = 1;
#endif

constexpr int64_t kRowsWithGuidance = 2;
constexpr int64_t kKernelRows = 32;  // that the CPU's kernels take at once

struct Spoken {
  std::vector<int64_t> tokens;
  std::vector<float> samples;
  std::string error;

  bool operator==(const Spoken& other) const {
    return tokens == other.tokens && samples == other.samples && error == other.error;
  }
};

template <class T>
T one_of(std::mt19937& random, std::initializer_list<T> values) {
  return *(values.begin() + random() % values.size());
}

// S3Gen goes over the voice's recording with every request: a short one makes short tests.
Voice short_voice(const ChatterboxEngine& engine, double seconds) {
  Audio recording = read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav");
  recording.samples.resize(static_cast<size_t>(seconds * recording.sample_rate));
  return engine.make_voice(recording);
}

Request random_request(std::mt19937& random, const Voice& voice) {
  Request request;
  request.text = one_of<const char*>(
      random, {"Hi.", "A short sentence.", "Seven words are enough for this one.",
               "One that is longer than all of the others, so that its prompt takes many more "
               "positions of the cache than theirs do, whatever they say."});
  request.voice = voice;
  request.seed = random();
  request.temperature = one_of(random, {0.F, 0.5F, 0.8F, 1.5F});
  request.cfg_weight = one_of(random, {0.F, 0.F, 0.2F, 0.5F, 1.F});
  request.exaggeration = one_of(random, {0.F, 0.5F, 1.F});
  request.min_p = one_of(random, {0.F, 0.05F});
  request.top_p = one_of(random, {0.8F, 1.F});
  request.repetition_penalty = one_of(random, {1.F, 1.2F, 2.F});
  request.max_new_tokens = 1 + static_cast<int32_t>(random() % 24);
  request.cfm_steps = 1 + static_cast<int32_t>(random() % 3);
  request.cfg_steps = static_cast<int32_t>(random() % 4) % (*request.cfm_steps + 1);
  return request;
}

// A request of the pool on its way through an engine.
class Attempt {
 public:
  Attempt(const ChatterboxEngine& engine, Request request) : spoken_(std::make_shared<Spoken>()) {
    request.on_tensor = [spoken = spoken_](const TensorView& view) {
      if (view.name != "t3.tokens") return;
      const auto* ids = static_cast<const int64_t*>(view.data);
      spoken->tokens.assign(ids, ids + view.shape[0]);
    };
    job_.emplace(engine.submit(std::move(request)));
  }

  void cancel() const { job_->cancel(); }

  // Nothing where it was cancelled in time.
  [[nodiscard]] std::optional<Spoken> wait() {
    try {
      spoken_->samples = wave_of(job_->wait());
    } catch (const Error& error) {
      if (error.status() == Status::kCancelled) return std::nullopt;
      spoken_->error = error.what();
    }
    return *spoken_;
  }

 private:
  std::shared_ptr<Spoken> spoken_;
  std::optional<Job> job_;
};

class BatchInvariance : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    EngineOptions options = cpu_fp32(testing::synthetic_folder());
    options.mode = Mode::kSequential;
    single_.emplace(ChatterboxEngine::load(options));
    const std::vector<Voice> voices = {short_voice(*single_, 0.6), short_voice(*single_, 1.1)};
    std::mt19937 random(20);
    for (size_t i = 0; i < kPoolSize; ++i) {
      pool_.push_back(random_request(random, voices[random() % 2]));
      alone_.push_back(*Attempt(*single_, pool_.back()).wait());
    }
  }
  static void TearDownTestSuite() {
    pool_.clear();
    alone_.clear();
    single_.reset();
  }

  // One mix. Returns how many were spoken.
  static int speak_mix(const ChatterboxEngine& engine, std::mt19937& random, size_t most) {
    struct Member {
      size_t index;
      Attempt attempt;
      bool cancelled;
    };
    std::vector<Member> members;
    const size_t size = 1 + random() % most;
    for (size_t i = 0; i < size; ++i) {
      const size_t index = random() % kPoolSize;
      members.push_back({index, Attempt(engine, pool_[index]), false});
      if (random() % 3 == 0) {  // the others are under way by then
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 10));
      }
      if (random() % 6 == 0) {
        Member& victim = members[random() % members.size()];
        victim.attempt.cancel();
        victim.cancelled = true;
      }
    }
    int spoken = 0;
    for (Member& member : members) {
      const std::optional<Spoken> actual = member.attempt.wait();
      if (!actual) {
        EXPECT_TRUE(member.cancelled);
        continue;
      }
      ++spoken;
      EXPECT_EQ(actual->tokens, alone_[member.index].tokens) << member.index;
      EXPECT_TRUE(actual->samples == alone_[member.index].samples) << member.index;
      EXPECT_EQ(actual->error, alone_[member.index].error) << member.index;
    }
    return spoken;
  }

  static void speak_mixes(Mode mode, int32_t max_batch, int mixes) {
    EngineOptions options = cpu_fp32(testing::synthetic_folder());
    options.mode = mode;
    options.max_batch = max_batch;
    const ChatterboxEngine engine = ChatterboxEngine::load(options);
    std::mt19937 random(static_cast<unsigned>(max_batch));
    int spoken = 0;
    for (int mix = 0; mix < mixes / kPart && !HasFailure(); ++mix) {
      SCOPED_TRACE(mix);
      spoken += speak_mix(engine, random, static_cast<size_t>(2 * max_batch));
    }
    EXPECT_GT(spoken, mixes / kPart);
    const Metrics metrics = engine.metrics();
    // They did run together: how many at most is for their lengths and the machine to say.
    EXPECT_GT(metrics.peak_rows, kRowsWithGuidance);
    EXPECT_EQ(metrics.rows_in_use, 0);
    EXPECT_EQ(metrics.running, 0);
    EXPECT_EQ(metrics.waiting, 0);
  }

  static std::optional<ChatterboxEngine> single_;  // runs one request at a time
  static std::vector<Request> pool_;
  static std::vector<Spoken> alone_;
};

std::optional<ChatterboxEngine> BatchInvariance::single_;
std::vector<Request> BatchInvariance::pool_;
std::vector<Spoken> BatchInvariance::alone_;

// Else the comparison would say nothing.
TEST_F(BatchInvariance, ThePoolIsMixed) {
  size_t different = 0, guided = 0, spoken = 0;
  for (size_t i = 0; i < kPoolSize; ++i) {
    guided += pool_[i].cfg_weight > 0 ? 1 : 0;
    spoken += alone_[i].error.empty() ? 1 : 0;
    for (size_t j = 0; j < i; ++j) different += alone_[i] == alone_[j] ? 0 : 1;
  }
  EXPECT_GE(different, kPoolSize * (kPoolSize - 1) / 2 - 3);
  EXPECT_GE(guided, kPoolSize / 4);
  EXPECT_LE(guided, kPoolSize - kPoolSize / 4);
  EXPECT_GE(spoken, kPoolSize * 3 / 4);
}

TEST_F(BatchInvariance, DynamicSmall) { speak_mixes(Mode::kDynamic, 3, 40); }
TEST_F(BatchInvariance, DynamicUsual) { speak_mixes(Mode::kDynamic, 8, 40); }
TEST_F(BatchInvariance, Batch) { speak_mixes(Mode::kBatch, 8, 20); }

// More rows at a time than the kernels take at once. All requests are there before the first
// starts, so that the rows they fill are the same in every run.
TEST_F(BatchInvariance, MoreRowsThanTheKernelsTake) {
  constexpr size_t kRequests = 40;
  EngineOptions options = cpu_fp32(testing::synthetic_folder());
  options.max_batch = kRequests;
  const ChatterboxEngine engine = ChatterboxEngine::load(options);
  testing::Latch all_submitted;
  Request gate = pool_.front();
  gate.on_progress = [&](const Progress&) { all_submitted.wait(); };
  const Job holding = engine.submit(std::move(gate));
  std::vector<Request> requests;
  std::vector<Attempt> together;
  for (size_t i = 0; i < kRequests; ++i) {
    Request request = pool_[i % kPoolSize];
    request.seed = i;
    request.max_new_tokens = 40;
    requests.push_back(request);
    together.emplace_back(engine, std::move(request));
  }
  all_submitted.open();
  for (size_t i = 0; i < kRequests; ++i) {
    const std::optional<Spoken> spoken = together[i].wait();
    EXPECT_TRUE(spoken == Attempt(*single_, requests[i]).wait()) << i;
  }
  EXPECT_GT(engine.metrics().peak_rows, kKernelRows);
}

TEST_F(BatchInvariance, GenerateBatch) {
  const ChatterboxEngine engine = ChatterboxEngine::load(cpu_fp32(testing::synthetic_folder()));
  const std::vector<Outcome> outcomes = engine.generate_batch(pool_);
  ASSERT_EQ(outcomes.size(), pool_.size());
  for (size_t i = 0; i < pool_.size(); ++i) {
    if (outcomes[i].result) {
      EXPECT_TRUE(wave_of(*outcomes[i].result) == alone_[i].samples) << i;
    } else {
      EXPECT_EQ(outcomes[i].error->what(), alone_[i].error) << i;
    }
  }
}

}  // namespace
}  // namespace chatterbox
