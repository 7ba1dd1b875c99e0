// Samples that are taken from a job as they come.
#include <thread>

#include "capi/capi_test.h"
#include "support/error.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using testing::ScopedFakeHook;

class Streams : public CApiTest {
 protected:
  static chatterbox_request streamed(const char* text) {
    chatterbox_request request = request_for(text);
    request.stream = CHATTERBOX_STREAM_PIECES;
    return request;
  }
  // Reads to the end, whose status it checks.
  static std::vector<float> read_all(const Owned<chatterbox_job>& job,
                                     chatterbox_status end = CHATTERBOX_STATUS_END_OF_STREAM) {
    std::vector<float> all;
    auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
    for (;;) {
      const chatterbox_status status = chatterbox_job_next(job.get(), CHATTERBOX_FOREVER, &chunk);
      if (status != CHATTERBOX_STATUS_OK) {
        EXPECT_EQ(status, end);
        EXPECT_EQ(chunk.samples, nullptr);
        EXPECT_EQ(chunk.count, 0U);
        return all;
      }
      EXPECT_EQ(chunk.sample_rate, 24000);
      EXPECT_EQ(chunk.first_sample, all.size());
      EXPECT_GT(chunk.count, 0U);
      all.insert(all.end(), chunk.samples, chunk.samples + chunk.count);
    }
  }

  const Owned<chatterbox_engine> engine = make_engine();
};

TEST_F(Streams, OfOneTextAreItsSamples) {
  const auto expected = speak(engine, request_for("Hello."));
  const auto job = submit(engine, streamed("Hello."));
  EXPECT_EQ(read_all(job), expected);
  EXPECT_TRUE(read_all(job).empty());  // the end stays the end
  const auto result = wait_for(job);
  EXPECT_EQ(chatterbox_result_samples(result.get()), nullptr);
  EXPECT_EQ(chatterbox_result_sample_count(result.get()), 0U);
  EXPECT_EQ(stats_of(result).samples, static_cast<int64_t>(expected.size()));
}

TEST_F(Streams, ComeInChunksWhileTheyAreMade) {
  const std::string text(60, 'x');  // 64 tokens
  const auto expected = speak(engine, request_for(text.c_str()));
  const std::vector<int32_t> chunks = {12, 20};
  auto options = filled<chatterbox_stream_options>(chatterbox_stream_options_init);
  options.chunks = chunks.data();
  options.chunk_count = chunks.size();
  chatterbox_request request = streamed(text.c_str());
  request.stream = CHATTERBOX_STREAM_CHUNKS;
  request.stream_options = &options;
  const auto job = submit(engine, request);
  EXPECT_EQ(read_all(job), expected);
  const auto result = wait_for(job);
  const auto stats = filled<chatterbox_stream_stats>([&](chatterbox_stream_stats* to, size_t size) {
    return chatterbox_result_get_stream_stats(result.get(), to, size);
  });
  EXPECT_GT(stats.first_sound_seconds, 0);
  EXPECT_GE(stats.largest_underrun_seconds, 0);
  ASSERT_EQ(stats.chunk_count, 4U);
  uint64_t first = 0;
  for (uint64_t i = 0; i < stats.chunk_count; ++i) {
    const auto chunk = filled<chatterbox_chunk_stats>([&](chatterbox_chunk_stats* to, size_t size) {
      return chatterbox_result_get_chunk(result.get(), i, to, size);
    });
    EXPECT_EQ(chunk.first_sample, first);
    EXPECT_GE(chunk.seconds, stats.first_sound_seconds);
    first += chunk.count;
  }
  EXPECT_EQ(first, expected.size());
  chatterbox_chunk_stats none;
  EXPECT_EQ(chatterbox_result_get_chunk(result.get(), 4, &none, sizeof none),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
}

TEST_F(Streams, OfALongTextComePieceByPiece) {
  const char* const text = "One.\nTwo.[pause:500ms]Three.";
  const auto expected = samples_of(wait_for(submit_long(engine, request_for(text))));
  EXPECT_EQ(read_all(submit_long(engine, streamed(text))), expected);
}

TEST_F(Streams, HaveATimeout) {
  const Hold hold(FakePoint::kStep);
  const auto job = submit(engine, streamed("Hello."));
  hold.wait_until_reached();
  auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
  EXPECT_EQ(chatterbox_job_next(job.get(), 0, &chunk), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(chatterbox_job_next(job.get(), 1, &chunk), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(chatterbox_job_next(job.get(), -2, &chunk), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  hold.go_on();
  EXPECT_EQ(read_all(job).size(), 80U);
}

TEST_F(Streams, EndWithTheRequestsFailure) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kFlow && call.task->text == "Two.") fail(Status::kDevice, "gone");
  });
  chatterbox_engine_options options = default_options();
  options.mode = CHATTERBOX_MODE_SEQUENTIAL;
  const auto sequential = make_engine(&options);
  const auto job = submit_long(sequential, streamed("One.\nTwo.\nThree."));
  // What was final before comes before it.
  EXPECT_FALSE(read_all(job, CHATTERBOX_STATUS_DEVICE).empty());
  EXPECT_STREQ(chatterbox_last_error(), "gone");
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_DEVICE);
}

TEST_F(Streams, EndWithACancel) {
  const Hold hold(FakePoint::kStep);
  const auto job = submit(engine, streamed("Hello."));
  hold.wait_until_reached();
  chatterbox_job_cancel(job.get());
  hold.go_on();
  EXPECT_TRUE(read_all(job, CHATTERBOX_STATUS_CANCELLED).empty());
}

// Nobody could read it any more, and it would be unread for ever.
TEST_F(Streams, OneWithoutAHandleIsCancelled) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "A piece.\n";
  submit_long(engine, streamed(text.c_str())).reset();
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), 60000), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(metrics_of(engine).ended[-CHATTERBOX_STATUS_CANCELLED], 1);
}

// A reader that does not read stops its own job, and no other.
TEST_F(Streams, ASlowReaderHoldsUpNobodyElse) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "A piece.\n";
  const auto slow = submit_long(engine, streamed(text.c_str()));
  for (int i = 0; i < 20; ++i) (void)speak(engine, request_for("Hello."));
  EXPECT_EQ(chatterbox_job_is_done(slow.get()), 0);
  const auto expected = samples_of(wait_for(submit_long(engine, request_for(text.c_str()))));
  EXPECT_EQ(read_all(slow), expected);
}

TEST_F(Streams, AReaderMayBeAnotherThread) {
  const auto expected = speak(engine, request_for("Hello."));
  const Hold hold(FakePoint::kStep);
  const auto job = submit(engine, streamed("Hello."));
  std::thread reader([&] { EXPECT_EQ(read_all(job), expected); });
  hold.wait_until_reached();
  hold.go_on();
  reader.join();
}

TEST_F(Streams, OfAConversion) {
  const std::vector<float> samples(24000, 0.5F);
  auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  conversion.samples = samples.data();
  conversion.frames = samples.size();
  conversion.sample_rate = 24000;
  conversion.stream = CHATTERBOX_STREAM_PIECES;
  const auto job = made<chatterbox_job>([&](chatterbox_job** out) {
    return chatterbox_engine_submit_conversion(engine.get(), &conversion, out);
  });
  EXPECT_EQ(read_all(job).size(), 24U * testing::kFakeSamplesPerToken);
}

TEST_F(Streams, OnlyOfJobsThatWereSubmittedSo) {
  const auto job = submit(engine, request_for("Hello."));
  auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
  EXPECT_EQ(chatterbox_job_next(job.get(), CHATTERBOX_FOREVER, &chunk),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(),
               "only a job that was submitted with stream and without on_audio can be read");
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
}

}  // namespace
}  // namespace chatterbox::capi_test
