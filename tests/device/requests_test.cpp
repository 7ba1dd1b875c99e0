// Requests side by side on the tested device: none changes another's tokens, whatever becomes of
// it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "device/device_options.h"
#include "engine/engine.h"
#include "support/collected_tensors.h"
#include "support/synthetic_folder.h"
#include "support/tensors.h"

namespace chatterbox::testing {
namespace {

constexpr double kWaveTolerance = 1.6e-4;  // of waves, see support/tolerance.h

Request request_of(uint64_t seed) {
  constexpr const char* kTexts[] = {"Hi.", "A short sentence.",
                                    "Another one, which is longer than the first."};
  Request request;
  request.text = kTexts[seed % 3];
  request.seed = seed;
  request.cfg_weight = seed % 4 == 0 ? 0.F : 0.5F;
  request.temperature = seed % 5 == 0 ? 0.F : 0.8F;
  request.top_p = seed % 2 == 0 ? 1.F : 0.9F;
  request.max_new_tokens = 10 + static_cast<int32_t>(seed % 7) * 4;
  request.cfm_steps = 2;
  return request;
}

struct Spoken {
  at::Tensor tokens;
  std::vector<float> samples;
};

// Nothing of a request that was cancelled in time.
class Attempt {
 public:
  Attempt(Engine& engine, Request request) {
    request.on_tensor = collected_.sink();
    job_.emplace(engine.submit(request));
  }
  void cancel() { job_->cancel(); }
  [[nodiscard]] std::optional<Spoken> wait() {
    try {
      std::vector<float> samples = job_->result().audio.samples;
      return Spoken{collected_.tensor("t3.tokens"), std::move(samples)};
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kCancelled) << error.what();
      return std::nullopt;
    }
  }

 private:
  CollectedTensors collected_;
  std::optional<Job> job_;
};

std::vector<Spoken> alone(Engine& engine, uint64_t count) {
  std::vector<Spoken> all;
  for (uint64_t seed = 0; seed < count; ++seed) {
    all.push_back(Attempt(engine, request_of(seed)).wait().value());
  }
  return all;
}

void expect_same(const Spoken& spoken, const Spoken& expected, double tolerance) {
  ASSERT_TRUE(at::equal(spoken.tokens, expected.tokens));
  ASSERT_EQ(spoken.samples.size(), expected.samples.size());
  EXPECT_LE(max_abs(as_tensor(spoken.samples), as_tensor(expected.samples)), tolerance);
}

// Every third one is cancelled while the others go on.
TEST(RequestsOnDevice, NeighboursAndTheirEndsChangeNothing) {
  constexpr uint64_t kCount = 24;
  Engine engine(device_options(synthetic_folder()));
  const std::vector<Spoken> expected = alone(engine, kCount);
  std::vector<std::unique_ptr<Attempt>> attempts;
  for (uint64_t seed = 0; seed < kCount; ++seed) {
    attempts.push_back(std::make_unique<Attempt>(engine, request_of(seed)));
  }
  for (uint64_t seed = 0; seed < kCount; seed += 3) attempts[seed]->cancel();
  for (uint64_t seed = 0; seed < kCount; ++seed) {
    SCOPED_TRACE(seed);
    const std::optional<Spoken> spoken = attempts[seed]->wait();
    if (spoken) expect_same(*spoken, expected[seed], kWaveTolerance);
    EXPECT_TRUE(spoken || seed % 3 == 0);
  }
}

TEST(RequestsOnDevice, DeterministicOnesHaveTheirBits) {
  constexpr uint64_t kCount = 6;
  EngineOptions options = device_options(synthetic_folder());
  options.deterministic = true;
  Engine engine(options);
  const std::vector<Spoken> expected = alone(engine, kCount);
  std::vector<std::unique_ptr<Attempt>> attempts;
  for (uint64_t seed = 0; seed < kCount; ++seed) {
    attempts.push_back(std::make_unique<Attempt>(engine, request_of(seed)));
  }
  for (uint64_t seed = 0; seed < kCount; ++seed) {
    SCOPED_TRACE(seed);
    expect_same(attempts[seed]->wait().value(), expected[seed], 0);
  }
}

// What CUDA has unless it is told otherwise.
TEST(RequestsOnDevice, InBf16TheyEndAndAreHeard) {
  constexpr uint64_t kCount = 16;
  EngineOptions options = device_options(synthetic_folder());
  options.precision.reset();
  Engine engine(options);
  std::vector<std::unique_ptr<Attempt>> attempts;
  for (uint64_t seed = 0; seed < kCount; ++seed) {
    attempts.push_back(std::make_unique<Attempt>(engine, request_of(seed)));
  }
  for (uint64_t seed = 0; seed < kCount; ++seed) {
    const Spoken spoken = attempts[seed]->wait().value();
    EXPECT_GT(spoken.samples.size(), 0U);
    EXPECT_TRUE(as_tensor(spoken.samples).isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace chatterbox::testing
