#include "server/answer.h"

#include <gtest/gtest.h>

#include <future>

namespace chatterbox::server {
namespace {

std::string body_of(const std::string& bytes) { return bytes.substr(bytes.find("\r\n\r\n") + 4); }

TEST(AnswerTest, AWholeAnswerHasItsLength) {
  Answer answer({});
  answer.respond({404, "text/plain", {{"X-A", "b"}}, "none"});
  const Answer::Taken taken = answer.take();
  EXPECT_EQ(taken.state, Answer::State::kComplete);
  EXPECT_EQ(taken.bytes,
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX-A: b\r\nContent-Length: 4\r\n"
            "Connection: keep-alive\r\n\r\nnone");
  EXPECT_TRUE(answer.keep_alive());
}

TEST(AnswerTest, AStreamIsChunked) {
  Answer answer({});
  answer.begin({});
  EXPECT_TRUE(answer.write(std::string(17, 'x')));
  answer.end();
  EXPECT_EQ(body_of(answer.take().bytes), "11\r\n" + std::string(17, 'x') + "\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.keep_alive());
}

TEST(AnswerTest, OfAWholeAnswerAllBytesCount) {
  Answer answer({});
  answer.begin({});
  EXPECT_TRUE(answer.write("x"));
  EXPECT_EQ(answer.bytes_sent(), 0U);
  answer.end();
  const size_t all = answer.bytes_sent();
  EXPECT_EQ(all, answer.take().bytes.size());
  answer.sent(all);
  EXPECT_EQ(answer.bytes_sent(), all);
}

TEST(AnswerTest, OfOneThatNobodyReadsNoneDo) {
  Answer answer({});
  answer.respond({404, "text/plain", {}, "none"});
  answer.lose("disconnect");
  EXPECT_EQ(answer.bytes_sent(), 0U);
}

TEST(AnswerTest, AStreamThatBreaksOffHasNoLastChunk) {
  Answer answer({});
  answer.begin({});
  EXPECT_TRUE(answer.write("x"));
  answer.break_off();
  const Answer::Taken taken = answer.take();
  EXPECT_EQ(taken.state, Answer::State::kAborted);
  EXPECT_EQ(body_of(taken.bytes), "1\r\nx\r\n");
  EXPECT_FALSE(answer.must_reset());  // the client sees it
}

TEST(AnswerTest, Http10HasNoChunksAndItsEndIsThatOfTheConnection) {
  AnswerOptions options;
  options.http10 = true;
  Answer answer(options);
  answer.begin({});
  EXPECT_TRUE(answer.write("x"));
  EXPECT_EQ(body_of(answer.take().bytes), "x");
  answer.break_off();
  EXPECT_TRUE(answer.must_reset());
  EXPECT_FALSE(answer.keep_alive());
}

TEST(AnswerTest, ASlowReaderStopsTheWriter) {
  AnswerOptions options;
  options.max_unsent_bytes = 10;
  Answer answer(options);
  EXPECT_TRUE(answer.write("0123456789"));  // up to the limit at once
  auto written = std::async(std::launch::async, [&] { return answer.write("x"); });
  EXPECT_EQ(written.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  answer.sent(answer.take().bytes.size());
  EXPECT_TRUE(written.get());
}

TEST(AnswerTest, AClientThatGoesAwayFreesTheWriterAndIsToldOnce) {
  AnswerOptions options;
  options.max_unsent_bytes = 1;
  Answer answer(options);
  int calls = 0;
  answer.on_gone([&] { ++calls; });
  EXPECT_TRUE(answer.write("0123456789"));
  auto written = std::async(std::launch::async, [&] { return answer.write("x"); });
  answer.lose("disconnect");
  answer.lose("slow_reader");
  EXPECT_FALSE(written.get());
  EXPECT_EQ(answer.gone(), "disconnect");
  EXPECT_EQ(calls, 1);
  answer.on_gone([&] { ++calls; });  // has gone already
  EXPECT_EQ(calls, 2);
}

TEST(AnswerTest, TheAnswerToHeadHasNoBody) {
  AnswerOptions options;
  options.head_only = true;
  Answer answer(options);
  answer.respond({200, "text/plain", {}, "body"});
  const std::string bytes = answer.take().bytes;
  EXPECT_NE(bytes.find("Content-Length: 4"), std::string::npos);
  EXPECT_EQ(body_of(bytes), "");
}

}  // namespace
}  // namespace chatterbox::server
