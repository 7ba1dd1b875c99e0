// Which chunk is spoken next, and when whole utterances are: tables, and a simulation.
#include "engine/scheduling/stream_policy.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "engine/listener.h"
#include "engine/scheduling/speech_policy.h"

namespace chatterbox::engine {
namespace {

using ::testing::DoubleEq;
using ::testing::Optional;

LiveStream stream(bool due, double ahead, int32_t priority = 0, uint64_t series = 0,
                  double lead = 0) {
  return {due, priority, series, ahead, lead};
}

struct UrgencyCase {
  const char* what;
  std::vector<LiveStream> streams;
  std::optional<size_t> next;
  bool overlaps = false;
};

TEST(StreamPolicy, TheMostUrgentIsATable) {
  const std::vector<UrgencyCase> cases = {
      {"none", {}, {}},
      {"none is due", {stream(false, -1)}, {}},
      {"the one that is due", {stream(false, -1), stream(true, 5)}, 1, true},
      {"a decode step comes first", {stream(false, -1), stream(true, 5)}, {}},
      {"nor does it hurry", {stream(false, 6), stream(true, 5)}, 1},
      {"of equal ones the one that is due", {stream(false, 0), stream(true, 0)}, 1},
      {"what takes longer is begun before", {stream(true, 3), stream(true, 4, 0, 0, 2)}, 1},
      {"also where a step begins it", {stream(true, 3), stream(false, 4, 0, 0, 2)}, {}},
      {"what must be begun goes before a first", {stream(true, 0), stream(true, 1, 0, 0, 2)}, 1},
      {"who falls silent first", {stream(true, 3), stream(true, 1), stream(true, 2)}, 1},
      {"of equal ones the first", {stream(true, 1), stream(true, 1)}, 0},
      {"a first chunk before slack", {stream(true, 0.1), stream(true, 0)}, 1},
      {"silence before a first chunk", {stream(true, 0), stream(true, -0.1)}, 1},
      {"a first chunk that has waited longer", {stream(true, -0.2), stream(true, -0.1)}, 0},
      {"priority among the silent", {stream(true, -2), stream(true, -0.1, 1)}, 1},
      {"priority among the others", {stream(true, 1), stream(true, 2, 1)}, 1},
      {"silence before priority", {stream(true, -0.1), stream(true, 2, 1)}, 0},
      {"pieces in their order", {stream(true, 2, 0, 7), stream(true, -1, 0, 7)}, 0},
      {"also where the first is not due", {stream(false, 2, 0, 7), stream(true, -1, 0, 7)}, {}},
      {"other texts' pieces", {stream(false, 9, 0, 7), stream(true, 5, 0, 8)}, 1},
  };
  for (const UrgencyCase& one : cases) {
    SCOPED_TRACE(one.what);
    EXPECT_EQ(most_urgent(one.streams, one.overlaps), one.next);
  }
}

struct WholeCase {
  const char* what;
  WholeUtterance utterance;
  std::vector<LiveStream> streams;
  bool goes;
};

TEST(StreamPolicy, WholeUtterancesAreATable) {
  const std::vector<WholeCase> cases = {
      {"no streams", {9, 0, 0}, {}, true},
      {"all have slack", {2, 0, 0}, {stream(true, 2), stream(false, 3)}, true},
      {"one has too little", {2, 0, 0}, {stream(true, 2), stream(true, 1.9)}, false},
      {"one has work to be done", {2, 0, 0}, {stream(true, 3, 0, 0, 1.5)}, false},
      {"one that is not due has too little", {2, 0, 0}, {stream(false, 1)}, false},
      {"one waits for its first chunk", {0, 0, 0}, {stream(true, 0)}, false},
      {"one will soon have its first", {2, kPatience - 1, 0}, {stream(false, 0)}, false},
      {"one will have it some day", {2, kPatience, 0}, {stream(false, 0)}, true},
      {"patience is for none that is due", {2, 1000, 0}, {stream(true, 0)}, false},
      {"nearly enough have passed", {2, 0, kMaxChunksLetPass - 1}, {stream(true, -9)}, false},
      {"enough have passed", {2, 0, kMaxChunksLetPass}, {stream(true, -9)}, true},
      {"pieces to come do not count",
       {2, 0, 0},
       {stream(false, 3, 0, 7), stream(true, 0, 0, 7)},
       true},
  };
  for (const WholeCase& one : cases) {
    SCOPED_TRACE(one.what);
    EXPECT_EQ(goes_before_chunks(one.utterance, one.streams), one.goes);
  }
}

// Streams of which S3Gen speaks a chunk a second, at random lengths: too many of them, so that all
// fall silent again and again. None waits for more than its turn among those that did.
TEST(StreamPolicy, NobodyStarves) {
  std::mt19937_64 random(3);
  std::vector<LiveStream> streams(12, stream(true, 0));
  std::vector<int> waited(streams.size());
  for (int second = 0; second < 10000; ++second) {
    const size_t next = most_urgent(streams, false).value();
    for (size_t i = 0; i < streams.size(); ++i) {
      streams[i].ahead -= 1;
      ++waited[i];
    }
    streams[next].ahead =
        std::max(0.0, streams[next].ahead) + 0.5 * static_cast<double>(1 + random() % 8);
    waited[next] = 0;
    ASSERT_LE(*std::max_element(waited.begin(), waited.end()), 24);
  }
}

class ListenerTest : public ::testing::Test {
 protected:
  static TimePoint at(double seconds) {
    return TimePoint() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }

  Listener listener_{at(10)};
};

TEST_F(ListenerTest, HasHeardNothing) {
  EXPECT_EQ(listener_.ahead(at(11)), std::nullopt);
  EXPECT_TRUE(listener_.stats().chunks.empty());
  EXPECT_EQ(listener_.stats().largest_underrun, 0);
}

TEST_F(ListenerTest, PlaysFromTheFirstSampleOn) {
  listener_.gets(24000, 24000, at(12));
  EXPECT_THAT(listener_.ahead(at(12.25)), Optional(DoubleEq(0.75)));
  EXPECT_THAT(listener_.ahead(at(14)), Optional(DoubleEq(-1)));
  listener_.gets(48000, 24000, at(12.5));
  EXPECT_THAT(listener_.ahead(at(12.5)), Optional(DoubleEq(2.5)));
  const StreamStats stats = listener_.stats();
  EXPECT_EQ(stats.first_sound, 2);
  EXPECT_EQ(stats.largest_underrun, 0);
  ASSERT_EQ(stats.chunks.size(), 2U);
  EXPECT_EQ(stats.chunks[1].first, 24000);
  EXPECT_EQ(stats.chunks[1].samples, 48000);
  EXPECT_EQ(stats.chunks[1].seconds, 2.5);
}

TEST_F(ListenerTest, WaitsWhereThereIsNothingAndGoesOnFromThere) {
  listener_.gets(24000, 24000, at(12));
  listener_.gets(24000, 24000, at(13.5));   // half a second late
  listener_.gets(24000, 24000, at(14.75));  // a quarter
  EXPECT_EQ(listener_.stats().largest_underrun, 0.5);
  EXPECT_THAT(listener_.ahead(at(15)), Optional(DoubleEq(0.75)));
}

}  // namespace
}  // namespace chatterbox::engine
