// Words of a result and of a stream, and how far a job was heard.
#include <cstdint>
#include <string>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

constexpr double kLetter = 8.0 / 24000;  // of the fake speech

class Words : public CApiTest {
 protected:
  static chatterbox_request asked(const char* text) {
    chatterbox_request request = request_for(text);
    request.word_times = 1;
    return request;
  }
  static chatterbox_heard heard(const Owned<chatterbox_job>& job, uint64_t samples = UINT64_MAX) {
    return filled<chatterbox_heard>([&](chatterbox_heard* to, size_t size) {
      return chatterbox_job_get_heard(job.get(), samples, to, size);
    });
  }

  const Owned<chatterbox_engine> engine = make_engine();
};

TEST_F(Words, OfAResult) {
  const auto result = wait_for(submit(engine, asked("Hello, you.")));
  ASSERT_EQ(chatterbox_result_word_count(result.get()), 2U);
  const auto word = filled<chatterbox_word>([&](chatterbox_word* to, size_t size) {
    return chatterbox_result_get_word(result.get(), 1, to, size);
  });
  EXPECT_EQ(word.struct_size, sizeof word);
  EXPECT_EQ(word.text_begin, 7U);
  EXPECT_EQ(word.text_end, 11U);
  EXPECT_DOUBLE_EQ(word.begin_seconds, 7 * kLetter);
  EXPECT_DOUBLE_EQ(word.end_seconds, 10 * kLetter);
  chatterbox_word none;
  EXPECT_EQ(chatterbox_result_get_word(result.get(), 2, &none, sizeof none),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "index must be below 2, got 2");
  EXPECT_EQ(chatterbox_result_word_count(nullptr), 0U);
  const auto plain = wait_for(submit(engine, request_for("Hello, you.")));
  EXPECT_EQ(chatterbox_result_word_count(plain.get()), 0U);
}

TEST_F(Words, OfAStreamTellHowFarItWasHeard) {
  const std::string text = std::string(30, 'x') + " " + std::string(60, 'y') + ".";
  const std::vector<int32_t> chunks = {20};
  auto options = filled<chatterbox_stream_options>(chatterbox_stream_options_init);
  options.chunks = chunks.data();
  options.chunk_count = chunks.size();
  chatterbox_request request = asked(text.c_str());
  request.stream = CHATTERBOX_STREAM_CHUNKS;
  request.stream_options = &options;
  const auto job = submit(engine, request);
  auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
  const auto next = [&] { return chatterbox_job_next(job.get(), CHATTERBOX_FOREVER, &chunk); };
  ASSERT_EQ(next(), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chunk.word_count, 0U);
  EXPECT_EQ(heard(job).text_end, 0U);
  ASSERT_EQ(next(), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chunk.first_word, 0U);
  ASSERT_EQ(chunk.word_count, 1U);
  const auto word = filled<chatterbox_word>([&](chatterbox_word* to, size_t size) {
    return chatterbox_job_get_word(job.get(), 0, to, size);
  });
  EXPECT_EQ(word.text_end, 30U);
  chatterbox_job_cancel(job.get());
  const auto at = heard(job);
  EXPECT_EQ(at.struct_size, sizeof at);
  EXPECT_EQ(at.samples, 2 * 20 * 8U);
  EXPECT_EQ(at.pieces, 0U);
  EXPECT_EQ(at.text_end, 30U);
  EXPECT_EQ(heard(job, 30 * 8 - 1).text_end, 0U);
  EXPECT_EQ(heard(job, 30 * 8).text_end, 30U);
  chatterbox_heard none;
  for (const uint64_t samples : {at.samples + 1, UINT64_MAX - 1}) {
    EXPECT_EQ(chatterbox_job_get_heard(job.get(), samples, &none, sizeof none),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
  }
}

}  // namespace
}  // namespace chatterbox::capi_test
