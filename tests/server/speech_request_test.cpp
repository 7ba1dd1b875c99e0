#include "server/speech_request.h"

#include <gtest/gtest.h>

#include "server/refused.h"

namespace chatterbox::server {
namespace {

SpeechRequest parse(const std::string& body, size_t max_characters = 100) {
  return parse_speech(parse_object(body), {max_characters});
}

TEST(SpeechRequestTest, DefaultsAreOpenAis) {
  const SpeechRequest asked = parse(R"({"model": "tts-1", "input": "Hello.", "voice": "alloy"})");
  EXPECT_EQ(asked.format->name, "mp3");
  EXPECT_EQ(asked.speed, 1);
  EXPECT_FALSE(asked.sse);
  EXPECT_TRUE(asked.streams);
  EXPECT_EQ(asked.request.text, "Hello.");
  EXPECT_EQ(asked.voice.name, "alloy");
  EXPECT_FALSE(asked.request.seed.has_value());
  EXPECT_FALSE(asked.request.temperature.has_value());
}

TEST(SpeechRequestTest, TheFirstChunkLastsASecond) {
  const auto chunks = [](const std::string& fields) {
    return parse(R"({"input": "x")" + fields + "}").request.stream_options.chunks;
  };
  EXPECT_EQ(chunks("").front(), 40);
  EXPECT_EQ(chunks(R"(, "chunks": [12])"), std::vector<int32_t>{12});
  EXPECT_TRUE(chunks(R"(, "halo": "low-latency")").empty());  // has shorter ones of its own
}

TEST(SpeechRequestTest, EveryOptionArrives) {
  const SpeechRequest asked = parse(
      R"({"input": "x", "voice": {"id": "abc"}, "response_format": "pcm", "speed": 0.5,
          "stream_format": "sse", "instructions": "softly", "seed": 18446744073709551615,
          "language": "fr", "temperature": 0.5, "cfg_weight": 0, "exaggeration": 1, "min_p": 0.1,
          "top_p": 0.9, "top_k": 3, "repetition_penalty": 1.5, "max_new_tokens": 7, "cfm_steps": 4,
          "cfg_steps": 2, "analyze_alignment": false, "text_tags": true, "priority": -5,
          "deadline_ms": 1500, "stream": false, "pause": 1, "noise": "reference",
          "block_size": 8, "early_decoding": 0.25, "position_noise": false, "normalise": true,
          "halo": "low-latency", "prompt": "frozen", "slack_tokens": 2, "left_tokens": 30,
          "right_tokens": 7, "chunks": [12, 25]})");
  EXPECT_EQ(asked.voice.id, "abc");
  EXPECT_EQ(asked.format->name, "pcm");
  EXPECT_EQ(asked.speed, 0.5);
  EXPECT_TRUE(asked.sse);
  EXPECT_FALSE(asked.streams);
  EXPECT_EQ(asked.request.seed, UINT64_MAX);
  EXPECT_EQ(asked.request.language, "fr");
  EXPECT_EQ(asked.request.temperature, 0.5F);
  EXPECT_EQ(asked.request.cfg_weight, 0.0F);
  EXPECT_EQ(asked.request.top_k, 3);
  EXPECT_EQ(asked.request.max_new_tokens, 7);
  EXPECT_EQ(asked.request.cfm_steps, 4);
  EXPECT_EQ(asked.request.cfg_steps, 2);
  EXPECT_EQ(asked.request.analyze_alignment, false);
  EXPECT_EQ(asked.request.block_size, 8);
  EXPECT_EQ(asked.request.early_decoding, 0.25);
  EXPECT_EQ(asked.request.position_noise, false);
  EXPECT_EQ(asked.request.normalise, true);
  EXPECT_TRUE(asked.request.text_tags);
  EXPECT_EQ(asked.request.priority, -5);
  EXPECT_EQ(asked.request.deadline, std::chrono::milliseconds(1500));
  EXPECT_EQ(asked.long_text.pause, 1);
  EXPECT_EQ(asked.request.noise, Noise::kReference);
  EXPECT_EQ(asked.request.stream_options.halo, Halo::kLowLatency);
  EXPECT_EQ(asked.request.stream_options.prompt, Prompt::kFrozen);
  EXPECT_EQ(asked.request.stream_options.slack_tokens, 2);
  EXPECT_EQ(asked.request.stream_options.left_tokens, 30);
  EXPECT_EQ(asked.request.stream_options.right_tokens, 7);
  EXPECT_EQ(asked.request.stream_options.chunks, (std::vector<int32_t>{12, 25}));
}

TEST(SpeechRequestTest, NullIsAsIfItWereNotThere) {
  EXPECT_EQ(parse(R"({"input": "x", "response_format": null, "speed": null})").format->name, "mp3");
}

TEST(SpeechRequestTest, ErrorsNameTheField) {
  EXPECT_REFUSED(parse(R"({"voice": "alloy"})"), 400, "input");
  EXPECT_REFUSED(parse(R"({"input": ""})"), 400, "input");
  EXPECT_REFUSED(parse(R"({"input": 3})"), 400, "input");
  EXPECT_REFUSED(parse(R"({"input": "a\u0000b"})"), 400, "input");
  EXPECT_REFUSED(parse(R"({"input": "x", "response_format": "aac"})"), 400, "response_format");
  EXPECT_REFUSED(parse(R"({"input": "x", "speed": 4.1})"), 400, "speed");
  EXPECT_REFUSED(parse(R"({"input": "x", "speed": "1"})"), 400, "speed");
  EXPECT_REFUSED(parse(R"({"input": "x", "seed": -1})"), 400, "seed");
  EXPECT_REFUSED(parse(R"({"input": "x", "seed": 1.5})"), 400, "seed");
  EXPECT_REFUSED(parse(R"({"input": "x", "top_k": 3000000000})"), 400, "top_k");
  EXPECT_REFUSED(parse(R"({"input": "x", "temperature": 1e300})"), 400, "temperature");
  EXPECT_REFUSED(parse(R"({"input": "x", "priority": 1})"), 400, "priority");
  EXPECT_REFUSED(parse(R"({"input": "x", "voice": {"name": "y"}})"), 400, "voice");
  EXPECT_REFUSED(parse(R"({"input": "x", "top_k": -1})"), 400, "top_k");
  EXPECT_REFUSED(parse(R"({"input": "x", "noise": "pink"})"), 400, "noise");
  EXPECT_REFUSED(parse(R"({"input": "x", "chunks": [2.5]})"), 400, "chunks");
  EXPECT_REFUSED(parse(R"({"input": "x", "stream_format": "ws"})"), 400, "stream_format");
  EXPECT_REFUSED(parse(R"({"input": "x", "sped": 1})"), 400, "sped");
}

TEST(SpeechRequestTest, WordTimesNeedEvents) {
  EXPECT_TRUE(
      parse(R"({"input": "x", "word_times": true, "stream_format": "sse"})").request.word_times);
  EXPECT_REFUSED(parse(R"({"input": "x", "word_times": true})"), 400, "word_times");
}

TEST(SpeechRequestTest, OfASocketTheTextComesLater) {
  const SpeechRequest asked = parse_fed_speech(
      parse_object(R"({"type": "start", "voice": "ann", "speed": 2, "word_times": true})"));
  EXPECT_EQ(asked.format->name, "pcm");
  EXPECT_EQ(asked.voice.name, "ann");
  EXPECT_EQ(asked.speed, 2);
  EXPECT_TRUE(asked.request.word_times);
  EXPECT_REFUSED(parse_fed_speech(parse_object(R"({"input": "x"})")), 400, "input");
}

TEST(SpeechRequestTest, CharactersAreCountedNotBytes) {
  EXPECT_EQ(parse(R"({"input": "äöü"})", 3).request.text.size(), 6);
  EXPECT_REFUSED(parse(R"({"input": "äöüx"})", 3), 400, "input");
}

TEST(SpeechRequestTest, WhatIsNoObjectIsRefused) {
  EXPECT_REFUSED(parse("[]"), 400, "");
  EXPECT_REFUSED(parse("{"), 400, "");
  EXPECT_REFUSED(parse(""), 400, "");
  EXPECT_REFUSED(parse("{\"input\": \"\xff\"}"), 400, "");
  EXPECT_REFUSED(parse(R"({"input": "x", "input": "y"})"), 400, "input");
  EXPECT_REFUSED(parse(std::string(100000, '[')), 400, "");
}

TEST(ApiErrorTest, HasOpenAisShape) {
  const auto json = nlohmann::json::parse(
      to_json(to_api_error(Error(Status::kInvalidArgument, "top_p must be in (0, 1], got 2"))));
  EXPECT_EQ(json["error"]["param"], "top_p");
  EXPECT_EQ(json["error"]["type"], "invalid_request_error");
  EXPECT_EQ(json["error"]["code"], "invalid_value");
  EXPECT_EQ(json["error"]["message"], "top_p must be in (0, 1], got 2");
}

TEST(ApiErrorTest, SaysWhenToTryAgain) {
  const HttpResponse response = to_response(ApiError(429, "queue_full", "full").retry_after(7));
  EXPECT_EQ(response.status, 429);
  ASSERT_EQ(response.headers.size(), 1);
  EXPECT_EQ(response.headers[0], std::make_pair(std::string("Retry-After"), std::string("7")));
  EXPECT_EQ(retry_seconds(0), 1);
  EXPECT_EQ(retry_seconds(3.2), 4);
  EXPECT_EQ(retry_seconds(1e9), 600);
}

}  // namespace
}  // namespace chatterbox::server
