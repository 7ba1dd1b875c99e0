// No request is lost or answered twice, however many there are and whenever they are cancelled.
#include "capi/stress.h"

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using testing::ScopedFakeHook;

class StressTest : public CApiTest {};

chatterbox_request tiny_request(uint64_t seed) {
  chatterbox_request request = request_for("tiny");
  request.seed = seed;
  request.cfm_steps = 1 + static_cast<int32_t>(seed % 3);
  request.cfg_weight = seed % 2 == 0 ? 0.F : 0.5F;
  request.max_new_tokens = 1 + static_cast<int32_t>(seed % 7);
  return request;
}

TEST_F(StressTest, TenThousandRequestsFromEightThreads) {
  constexpr size_t kWarmUp = 2000;
  constexpr size_t kRequests = 10000;
  chatterbox_engine_options options = default_options();
  options.max_queue = 16;
  options.max_batch = 4;
  const auto engine = make_engine(&options);
  std::vector<chatterbox_request> pool;
  for (uint64_t seed = 0; seed < kRequests; ++seed) pool.push_back(tiny_request(seed));
  Stress stress(engine, pool, kRequests);

  struct Counts {
    std::vector<std::atomic<int>> begun = std::vector<std::atomic<int>>(kRequests);
    std::vector<std::atomic<int>> spoken = std::vector<std::atomic<int>>(kRequests);
  };
  const auto counts = std::make_shared<Counts>();
  const ScopedFakeHook hook([counts](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) ++counts->begun[call.task->seed];
    if (call.point == FakePoint::kVocode) ++counts->spoken[call.task->seed];
  });
  // Measured: 0.02 MiB; 1 MiB is 130 bytes a request.
  expect_flat_memory(stress, kWarmUp, kRequests - kWarmUp, 1);
  for (size_t id = 0; id < kRequests; ++id) {
    ASSERT_LE(counts->begun[id], 1) << id;
    ASSERT_LE(counts->spoken[id], counts->begun[id]) << id;
  }
  expect_usable(engine);
}

}  // namespace
}  // namespace chatterbox::capi_test
