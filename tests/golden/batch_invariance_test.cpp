// A request gives the same tokens and the same samples, bit by bit, whether it runs alone or among
// any neighbours, in every family and precision: random mixes of requests that differ in everything
// a request has, that join and leave at any time, and of which some are cancelled.
#include <gmock/gmock.h>

#include <chrono>
#include <random>
#include <thread>

#include "pipeline.h"
#include "runtime/checkpoint_folder.h"
#include "support/latch.h"

namespace chatterbox {
namespace {

constexpr size_t kPoolSize = 32;
#ifdef __SANITIZE_ADDRESS__
constexpr int kPart = 4;  // of the mixes: they take eight times as long
#else
constexpr int kPart = 1;
#endif

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
  const std::string path = std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav";
  return engine.make_voice(cut(read_audio(path), seconds));
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

// Of a model that fills blocks.
void randomise_blocks(std::mt19937& random, Request& request) {
  request.min_p.reset();
  request.top_p.reset();
  request.repetition_penalty.reset();
  request.block_size = one_of(random, {5, 8, 16, 24});
  request.block_passes = one_of(random, {1, 3, 6});
  request.early_decoding = one_of(random, {0.0, 0.1, 0.9});
  request.position_noise = random() % 2 == 0;
  request.prior = random() % 3 != 0;
  request.fill_before_end = random() % 2 == 0;
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

struct English {
  static constexpr int kRows = 2;  // of a request with guidance
  static constexpr double kVoiceSeconds = 0.6;
  static std::string folder() { return testing::synthetic_folder(); }
};
struct Multilingual {
  static constexpr int kRows = 2;
  static constexpr double kVoiceSeconds = 0.6;
  static std::string folder() {
    static const testing::CheckpointFolder made({"t3_mtl23ls_v2", "s3gen", "ve"}, "multilingual");
    return made.path();
  }
};
struct Turbo {
  static constexpr int kRows = 1;
  static constexpr double kVoiceSeconds = 5;  // the least that it takes
  static std::string folder() {
    static const testing::CheckpointFolder made({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
    return made.path();
  }
};

struct Flash {
  static constexpr int kRows = 2;
  static constexpr double kVoiceSeconds = 0.6;
  static std::string folder() {
    static const testing::FlashFolder made;
    return made.path();
  }
};

// What is tested. All but the first have the same scheduling, and one mix of so many.
template <class Family, Precision kPrecision, Precision kCache = kPrecision, int kEveryMix = 4>
struct Setup {
  static constexpr int kMixesPart = kEveryMix;
  static constexpr double kVoiceSeconds = Family::kVoiceSeconds;
  static constexpr int kRows = Family::kRows;
  static EngineOptions options() {
    EngineOptions options = cpu_fp32(Family::folder());
    options.precision = kPrecision;
    options.s3gen_precision = kPrecision;  // whatever this machine would take
    options.kv_cache = kCache == Precision::kFp32 ? Precision::kFp32 : Precision::kBf16;
    return options;
  }
};

template <class Setup>
class BatchInvariance : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    EngineOptions options = Setup::options();
    options.mode = Mode::kSequential;
    single_.emplace(ChatterboxEngine::load(options));
    const std::vector<Voice> voices = {short_voice(*single_, Setup::kVoiceSeconds),
                                       short_voice(*single_, Setup::kVoiceSeconds + 0.5)};
    std::mt19937 random(20);
    for (size_t i = 0; i < kPoolSize; ++i) {
      pool_.push_back(random_request(random, voices[random() % 2]));
      if (!single_->info().languages.empty()) pool_.back().language = "fr";
      if (single_->info().family == "flash") randomise_blocks(random, pool_.back());
      if (single_->info().meanflow) pool_.back().cfg_steps.reset();  // which takes no guidance
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
    EngineOptions options = Setup::options();
    options.mode = mode;
    options.max_batch = max_batch;
    const ChatterboxEngine engine = ChatterboxEngine::load(options);
    std::mt19937 random(static_cast<unsigned>(max_batch));
    const int count = mixes / kPart / Setup::kMixesPart;
    int spoken = 0;
    for (int mix = 0; mix < count && !Test::HasFailure(); ++mix) {
      SCOPED_TRACE(mix);
      spoken += speak_mix(engine, random, static_cast<size_t>(2 * max_batch));
    }
    EXPECT_GT(spoken, count);
    const Metrics metrics = engine.metrics();
    // They did run together: how many at most is for their lengths and the machine to say.
    EXPECT_GT(metrics.peak_rows, Setup::kRows);
    EXPECT_EQ(metrics.rows_in_use, 0);
    EXPECT_EQ(metrics.running, 0);
    EXPECT_EQ(metrics.waiting, 0);
  }

  static std::optional<ChatterboxEngine> single_;  // runs one request at a time
  static std::vector<Request> pool_;
  static std::vector<Spoken> alone_;
};

template <class Setup>
std::optional<ChatterboxEngine> BatchInvariance<Setup>::single_;
template <class Setup>
std::vector<Request> BatchInvariance<Setup>::pool_;
template <class Setup>
std::vector<Spoken> BatchInvariance<Setup>::alone_;

constexpr Precision kFp32 = Precision::kFp32, kBf16 = Precision::kBf16, kInt8 = Precision::kInt8;
using Setups = ::testing::Types<Setup<English, kFp32, kFp32, 1>, Setup<English, kFp32, kBf16>,
                                Setup<English, kBf16>, Setup<English, kInt8>, Setup<Turbo, kBf16>,
                                Setup<Turbo, kInt8>, Setup<Multilingual, kInt8>,
                                Setup<Flash, kFp32>, Setup<Flash, kBf16>, Setup<Flash, kInt8>>;
TYPED_TEST_SUITE(BatchInvariance, Setups, );

// Else the comparison would say nothing.
TYPED_TEST(BatchInvariance, ThePoolIsMixed) {
  size_t different = 0, guided = 0, spoken = 0;
  for (size_t i = 0; i < kPoolSize; ++i) {
    guided += this->pool_[i].cfg_weight > 0 ? 1 : 0;
    spoken += this->alone_[i].error.empty() ? 1 : 0;
    for (size_t j = 0; j < i; ++j) different += this->alone_[i] == this->alone_[j] ? 0 : 1;
  }
  EXPECT_GE(different, kPoolSize * (kPoolSize - 1) / 2 - 3);
  EXPECT_GE(guided, kPoolSize / 4);
  EXPECT_LE(guided, kPoolSize - kPoolSize / 4);
  EXPECT_GE(spoken, kPoolSize * 3 / 4);
}

TYPED_TEST(BatchInvariance, DynamicSmall) { this->speak_mixes(Mode::kDynamic, 3, 40); }
TYPED_TEST(BatchInvariance, DynamicUsual) { this->speak_mixes(Mode::kDynamic, 8, 40); }
TYPED_TEST(BatchInvariance, Batch) { this->speak_mixes(Mode::kBatch, 8, 20); }

// More rows at a time than the kernels take at once. All requests are there before the first
// starts, so that the rows they fill are the same in every run.
TYPED_TEST(BatchInvariance, MoreRowsThanTheKernelsTake) {
  constexpr int32_t kRequests = 80 / TypeParam::kRows;
  EngineOptions options = TypeParam::options();
  options.max_batch = kRequests;
  options.max_queue = kRequests + 1;  // the first, which holds the others up
  const ChatterboxEngine engine = ChatterboxEngine::load(options);
  testing::Latch all_submitted;
  Request gate = this->pool_.front();
  gate.on_progress = [&](const Progress&) { all_submitted.wait(); };
  const Job holding = engine.submit(std::move(gate));
  std::vector<Request> requests;
  std::vector<Attempt> together;
  for (size_t i = 0; i < size_t{kRequests}; ++i) {
    Request request = this->pool_[i % kPoolSize];
    request.seed = i;
    request.max_new_tokens = kRequests;  // one joins with each step, and none must have left
    if (request.block_size) {            // as many passes
      request.max_new_tokens = 16;
      request.block_size = 16;
      request.block_passes = kRequests;
      request.early_decoding = 0;
    }
    requests.push_back(request);
    together.emplace_back(engine, std::move(request));
  }
  all_submitted.open();
  for (size_t i = 0; i < size_t{kRequests}; ++i) {
    const std::optional<Spoken> spoken = together[i].wait();
    EXPECT_TRUE(spoken == Attempt(*this->single_, requests[i]).wait()) << i;
  }
  EXPECT_GT(engine.metrics().peak_rows, kKernelRows);
}

TYPED_TEST(BatchInvariance, GenerateBatch) {
  const ChatterboxEngine engine = ChatterboxEngine::load(TypeParam::options());
  const std::vector<Outcome> outcomes = engine.generate_batch(this->pool_);
  ASSERT_EQ(outcomes.size(), this->pool_.size());
  for (size_t i = 0; i < this->pool_.size(); ++i) {
    if (outcomes[i].result) {
      EXPECT_TRUE(wave_of(*outcomes[i].result) == this->alone_[i].samples) << i;
    } else {
      EXPECT_EQ(outcomes[i].error->what(), this->alone_[i].error) << i;
    }
  }
}

}  // namespace
}  // namespace chatterbox
