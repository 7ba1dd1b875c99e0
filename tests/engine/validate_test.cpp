// Every limit of requests, options and recordings: the values at it pass, the values beyond it fail
// and are named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "engine/validate.h"
#include "support/status.h"

namespace chatterbox::engine {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// "" where nothing is wrong.
template <class Value>
std::string error_of(void (*validate)(const Value&), const Value& value, Status expected) {
  try {
    validate(value);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), expected) << error.what();
    return error.what();
  }
  return "";
}

std::string request_error(const std::function<void(Request&)>& change) {
  Request request;
  request.text = "Hello.";
  change(request);
  return error_of(validate_request, request, Status::kInvalidArgument);
}

std::string text_error(const std::string& text) {
  return request_error([&](Request& request) { request.text = text; });
}

std::string options_error(const std::function<void(EngineOptions&)>& change) {
  EngineOptions options;
  change(options);
  return error_of(validate_options, options, Status::kInvalidArgument);
}

TEST(Validate, DefaultsPass) {
  EXPECT_EQ(request_error([](Request&) {}), "");
  EXPECT_EQ(options_error([](EngineOptions&) {}), "");
}

TEST(Validate, Text) {
  EXPECT_EQ(text_error(std::string(10000, 'x')), "");
  EXPECT_EQ(text_error("\xe2\x80\x83h\xc3\xa9"), "");
  EXPECT_EQ(text_error(std::string(10001, 'x')), "text must have at most 10000 bytes, got 10001");
  EXPECT_EQ(text_error(std::string("ab\0c", 4)), "text must not contain NUL, got one at byte 2");
  EXPECT_EQ(text_error("ab\xff"), "text must be UTF-8, byte 2 (0xff) is not");
  EXPECT_EQ(text_error("a\xc0\xaf"), "text must be UTF-8, byte 1 (0xc0) is not");     // overlong
  EXPECT_EQ(text_error("\xed\xa0\x80"), "text must be UTF-8, byte 0 (0xed) is not");  // surrogate
  EXPECT_EQ(text_error("\xf4\x90\x80\x80"),
            "text must be UTF-8, byte 0 (0xf4) is not");                             // > 10FFFF
  EXPECT_EQ(text_error("abc\xe2\x80"), "text must be UTF-8, byte 3 (0xe2) is not");  // cut off
  for (const char* blank :
       {"", " ", " \t\r\n\v\f", "\xc2\xa0", "\xe3\x80\x80 \xe2\x80\x89\xc2\x85"}) {
    EXPECT_EQ(text_error(blank), "text must not be blank");
  }
}

struct Range {
  const char* name;
  std::optional<float> Request::*member;
  std::vector<float> good, bad;
  const char* limit;
};

TEST(Validate, NumbersOfARequest) {
  const std::vector<Range> ranges = {
      {"temperature",
       &Request::temperature,
       {0, -0.0F, 0.05F, 5},
       {-1, 0.049F, 1e-30F, 5.001F},
       "0 or in [0.05, 5]"},
      {"cfg_weight", &Request::cfg_weight, {0, 5}, {-0.001F, 5.001F}, "in [0, 5]"},
      {"exaggeration", &Request::exaggeration, {0, 2}, {-0.001F, 2.001F}, "in [0, 2]"},
      {"min_p", &Request::min_p, {0, 1}, {-0.001F, 1.001F}, "in [0, 1]"},
      {"top_p", &Request::top_p, {1e-6F, 1}, {0, -1, 1.001F}, "above 0 and at most 1"},
      {"repetition_penalty",
       &Request::repetition_penalty,
       {0.5F, 1, 5},
       {0, 0.499F, 5.001F},
       "in [0.5, 5]"},
  };
  for (const Range& range : ranges) {
    for (const float good : range.good) {
      EXPECT_EQ(request_error([&](Request& request) { request.*range.member = good; }), "");
    }
    std::vector<float> bad = range.bad;
    for (const float value : {kNan, kInf, -kInf}) bad.push_back(value);
    for (const float value : bad) {
      const std::string error =
          request_error([&](Request& request) { request.*range.member = value; });
      EXPECT_THAT(error, ::testing::StartsWith(std::string(range.name) + " must be " + range.limit +
                                               ", got "))
          << value;
    }
  }
  EXPECT_EQ(request_error([](Request& request) { request.temperature = kNan; }),
            "temperature must be 0 or in [0.05, 5], got nan");
  for (const int32_t value : {0, -1, 4097, std::numeric_limits<int32_t>::max()}) {
    EXPECT_EQ(request_error([&](Request& request) { request.max_new_tokens = value; }),
              "max_new_tokens must be in [1, 4096], got " + std::to_string(value));
  }
  for (const int32_t value : {0, -1, 101}) {
    EXPECT_EQ(request_error([&](Request& request) { request.cfm_steps = value; }),
              "cfm_steps must be in [1, 100], got " + std::to_string(value));
  }
  for (const int32_t value : {-1, 101}) {
    EXPECT_EQ(request_error([&](Request& request) { request.cfg_steps = value; }),
              "cfg_steps must be in [0, 100], got " + std::to_string(value));
  }
}

TEST(Validate, ThePromptOfAVoice) {
  const auto error = [](double seconds) {
    VoiceOptions options;
    options.prompt_seconds = seconds;
    return error_of(validate_voice_options, options, Status::kInvalidArgument);
  };
  for (const double seconds : {0.5, 3.0, 10.0}) EXPECT_EQ(error(seconds), "");
  EXPECT_EQ(error(0.25), "prompt_seconds must be in [0.5, 10], got 0.25");
  EXPECT_EQ(error(10.5), "prompt_seconds must be in [0.5, 10], got 10.5");
  EXPECT_EQ(error(kNan), "prompt_seconds must be in [0.5, 10], got nan");
}

TEST(Validate, WhatAllJobsHave) {
  using std::chrono::milliseconds;
  for (const int32_t priority : {-100, 0, 100}) {
    EXPECT_EQ(request_error([&](Request& request) { request.priority = priority; }), "");
  }
  for (const int32_t priority : {-101, 101}) {
    EXPECT_EQ(request_error([&](Request& request) { request.priority = priority; }),
              "priority must be in [-100, 100], got " + std::to_string(priority));
  }
  EXPECT_EQ(request_error([](Request& request) { request.deadline = milliseconds(1); }), "");
  EXPECT_EQ(request_error([](Request& request) { request.deadline = milliseconds::max(); }), "");
  EXPECT_EQ(request_error([](Request& request) { request.deadline = milliseconds(0); }),
            "deadline must be at least 1 ms, got 0");
  for (const milliseconds wait : {milliseconds(0), kForever, milliseconds::max()}) {
    EXPECT_EQ(request_error([&](Request& request) { request.wait_for_room = wait; }), "");
  }
  EXPECT_EQ(request_error([](Request& request) { request.wait_for_room = milliseconds(-2); }),
            "wait_for_room must be at least 0 ms, or -1 for ever, got -2");
  Conversion conversion;
  conversion.source.samples.assign(24000, 0);
  conversion.priority = 101;
  EXPECT_EQ(error_of(validate_conversion, conversion, Status::kInvalidArgument),
            "priority must be in [-100, 100], got 101");
  Request request;
  request.text = "Hello.";
  request.deadline = milliseconds(-5);
  EXPECT_EQ(error_of<Request>([](const Request& wrong) { validate_long_text(wrong, {}); }, request,
                              Status::kInvalidArgument),
            "deadline must be at least 1 ms, got -5");
}

TEST(Validate, Options) {
  EXPECT_EQ(options_error([](EngineOptions& options) { options.model = ""; }),
            "model must not be empty");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.device = std::string("a\0b", 3); }),
            "device must not contain NUL, got one at byte 1");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.threads = 1025; }),
            "threads must be in [1, 1024], got 1025");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.threads = 0; }),
            "threads must be in [1, 1024], got 0");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.memory_limit = 0; }),
            "memory_limit must be at least 1, got 0");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.max_queue_bytes = 1048575; }),
            "max_queue_bytes must be at least 1048576, got 1048575");
  EXPECT_EQ(
      options_error([](EngineOptions& options) { options.weights = static_cast<Weights>(3); }),
      "weights must be in [0, 2], got 3");
  EXPECT_EQ(options_error([](EngineOptions& options) {
              options.files.push_back({"", "x"});
            }),
            "the name of a file must not be empty");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.max_queue = 0; }),
            "max_queue must be in [1, 65536], got 0");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.max_queue = 65537; }),
            "max_queue must be in [1, 65536], got 65537");
  EXPECT_EQ(
      options_error([](EngineOptions& options) { options.precision = static_cast<Precision>(9); }),
      "precision must be 1 (fp32), 2 (bf16), 3 (int8) or 4 (auto), got 9");
  EXPECT_EQ(
      options_error([](EngineOptions& options) { options.log_level = static_cast<LogLevel>(5); }),
      "log_level must be in [0, 4], got 5");
  EXPECT_EQ(options_error([](EngineOptions& options) { options.family = static_cast<Family>(7); }),
            "family must be in [1, 6], got 7");
  EXPECT_EQ(
      options_error([](EngineOptions& options) { options.watermark = static_cast<Watermark>(-1); }),
      "watermark must be in [0, 2], got -1");
}

std::string recording_error(std::vector<float> samples, int32_t rate, int32_t channels) {
  return error_of<Audio>([](const Audio& recording) { validate_recording(recording); },
                         {std::move(samples), rate, channels}, Status::kBadAudio);
}

TEST(Validate, Recordings) {
  EXPECT_EQ(recording_error(std::vector<float>(4000), 8000, 1), "");
  EXPECT_EQ(recording_error(std::vector<float>(96000 * 8), 192000, 8), "");
  EXPECT_EQ(recording_error(std::vector<float>(8000 * 600), 8000, 1), "");
  EXPECT_EQ(recording_error(std::vector<float>(8000 * 600 + 1), 8000, 1),
            "a recording must be 0.5 to 600 s long, got 600 s (4800001 frames)");
  EXPECT_EQ(recording_error({}, 24000, 1),
            "a recording must be 0.5 to 600 s long, got 0 s (0 frames)");
  EXPECT_EQ(recording_error({0.5F}, 8000, 1),
            "a recording must be 0.5 to 600 s long, got 0.000125 s (1 frames)");
  EXPECT_EQ(recording_error(std::vector<float>(8000), 7999, 1),
            "the sample rate of a recording must be in [8000, 192000] Hz, got 7999");
  EXPECT_EQ(recording_error(std::vector<float>(8000), 192001, 1),
            "the sample rate of a recording must be in [8000, 192000] Hz, got 192001");
  for (const int32_t channels : {-1, 0, 9}) {
    EXPECT_EQ(recording_error(std::vector<float>(90000), 8000, channels),
              "a recording must have 1 to 8 channels, got " + std::to_string(channels));
  }
  EXPECT_EQ(recording_error(std::vector<float>(8001), 8000, 2),
            "a recording of 2 channels cannot have 8001 samples");
  std::vector<float> samples(8000);
  samples[17] = kNan;
  EXPECT_EQ(recording_error(samples, 8000, 1),
            "the samples of a recording must be finite, sample 17 is nan");
  samples[17] = -kInf;
  EXPECT_EQ(recording_error(samples, 8000, 1),
            "the samples of a recording must be finite, sample 17 is -inf");
}

}  // namespace
}  // namespace chatterbox::engine
