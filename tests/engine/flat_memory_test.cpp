// Memory does not grow with the number of streams: in a process of its own, as all of it counts.
#include <gtest/gtest.h>

#include "engine/streaming.h"
#include "support/own_memory.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

// Of all kinds of ends.
void stream_many(Engine& engine, int count) {
  for (int i = 0; i < count; ++i) {
    Request request = in_chunks(text_of(40), {12});
    if (i % 4 == 1) request.on_audio = [](const float*, size_t) { return true; };
    const Job job = engine.submit(request);
    if (i % 4 == 2) job.cancel();
    if (i % 4 == 3) continue;  // nobody reads it
    if (i % 4 == 0) {
      ASSERT_EQ(read_all(job).samples.size(), 40U * kFakeSamplesPerToken);
    } else {
      job.wait_until_told();
    }
  }
}

TEST(FlatMemory, OverTenThousandStreams) {
  EngineOptions options;
  options.max_batch = 8;
  options.max_queue = 1000;
  Engine engine(options);
  stream_many(engine, 500);
  const int64_t before = own_memory();
  stream_many(engine, 10000);
  EXPECT_LE(own_memory() - before, int64_t{2} << 20);
}

}  // namespace
}  // namespace chatterbox
