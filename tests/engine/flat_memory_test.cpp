// Memory does not grow with the number of streams: in a process of its own, as all of it counts.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>

#include "engine/streaming.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

// Bytes, after what is free was given back.
int64_t resident() {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  int64_t size = 0, pages = 0;
  file >> size >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

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
  const int64_t before = resident();
  stream_many(engine, 10000);
  EXPECT_LE(resident() - before, int64_t{2} << 20);
}

}  // namespace
}  // namespace chatterbox
