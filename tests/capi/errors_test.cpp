// Statuses, messages and versions.
#include <filesystem>
#include <functional>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>
#include <thread>

#include "capi/capi_test.h"
#include "support/error.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using ::testing::HasSubstr;
using testing::ScopedFakeHook;
using ::testing::StartsWith;

class Errors : public CApiTest {};

TEST_F(Errors, VersionsAgree) {
  EXPECT_EQ(chatterbox_abi_version(), static_cast<uint32_t>(CHATTERBOX_ABI_VERSION));
  EXPECT_STREQ(chatterbox_version(), CHATTERBOX_VERSION);
  EXPECT_THAT(chatterbox_build_info(), StartsWith("chatterbox " CHATTERBOX_VERSION ", "));
  EXPECT_THAT(chatterbox_build_info(), HasSubstr("libtorch"));
  EXPECT_THAT(chatterbox_build_info(), HasSubstr("CUDA"));
}

// Written out: the numbers are part of the ABI.
TEST_F(Errors, EveryStatusHasItsNumberAndText) {
  const std::pair<chatterbox_status, const char*> expected[] = {
      {2, "timeout"},
      {1, "end of stream"},
      {0, "ok"},
      {-1, "invalid argument"},
      {-2, "not found"},
      {-3, "input or output error"},
      {-4, "bad model file"},
      {-5, "bad audio"},
      {-6, "bad voice"},
      {-7, "unsupported"},
      {-8, "out of memory"},
      {-9, "device error"},
      {-10, "cancelled"},
      {-11, "busy"},
      {-12, "no speech"},
      {-13, "internal error"},
      {-14, "deadline exceeded"},
      {-15, "device lost"},
  };
  for (const auto& [status, text] : expected) EXPECT_STREQ(chatterbox_status_string(status), text);
#define CHATTERBOX_NUMBER(name, camel, value, text) value,
  const std::set<int> known = {CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_NUMBER)};
#undef CHATTERBOX_NUMBER
  EXPECT_EQ(known.size(), std::size(expected));
  for (const int32_t status : {3, -16, std::numeric_limits<int32_t>::min()}) {
    EXPECT_STREQ(chatterbox_status_string(status), "unknown status");
  }
}

TEST_F(Errors, TheMessageIsTheThreadsOwn) {
  chatterbox_voice* voice = nullptr;
  ASSERT_EQ(chatterbox_voice_load("/nowhere/main.voice", &voice), CHATTERBOX_STATUS_NOT_FOUND);
  const char* message = chatterbox_last_error();
  ASSERT_THAT(message, HasSubstr("/nowhere/main.voice"));
  std::thread([] {
    EXPECT_STREQ(chatterbox_last_error(), "");
    chatterbox_voice* other = nullptr;
    EXPECT_EQ(chatterbox_voice_load("/nowhere/thread.voice", &other), CHATTERBOX_STATUS_NOT_FOUND);
    EXPECT_THAT(chatterbox_last_error(), HasSubstr("/nowhere/thread.voice"));
  }).join();
  EXPECT_EQ(chatterbox_last_error(), message);
  EXPECT_THAT(message, HasSubstr("/nowhere/main.voice"));
}

TEST_F(Errors, SuccessLeavesTheMessageAlone) {
  chatterbox_voice* voice = nullptr;
  ASSERT_EQ(chatterbox_voice_load("/nowhere/a.voice", &voice), CHATTERBOX_STATUS_NOT_FOUND);
  const std::string message = chatterbox_last_error();
  expect_usable(make_engine());
  EXPECT_EQ(chatterbox_last_error(), message);
}

struct Thrown {
  std::function<void()> raise;
  chatterbox_status status;
  const char* message;
};

std::vector<Thrown> every_kind() {
  return {
      {[] { fail(Status::kDevice, "no such {}", 7); }, CHATTERBOX_STATUS_DEVICE, "no such 7"},
      {[] { fail(Status::kNoSpeech, "silence"); }, CHATTERBOX_STATUS_NO_SPEECH, "silence"},
      {[] { throw std::bad_alloc(); }, CHATTERBOX_STATUS_OUT_OF_MEMORY, "out of memory"},
      {[] { throw std::out_of_range("map::at"); }, CHATTERBOX_STATUS_INTERNAL, "map::at"},
      {[] { throw 42; }, CHATTERBOX_STATUS_INTERNAL, "unknown exception"},
  };
}

// Runs `call` once for each kind of exception, thrown at `point`.
void expect_mapped(FakePoint point, const std::function<chatterbox_status()>& call) {
  for (const Thrown& thrown : every_kind()) {
    SCOPED_TRACE(std::string(thrown.message) + " at " + std::to_string(static_cast<int>(point)));
    const ScopedFakeHook hook([point, raise = thrown.raise](const FakeCall& at) {
      if (at.point == point) raise();
    });
    EXPECT_EQ(call(), thrown.status);
    EXPECT_STREQ(chatterbox_last_error(), thrown.message);
  }
}

TEST_F(Errors, EveryExceptionBecomesAStatus) {
  for (const FakePoint point : {FakePoint::kLoad, FakePoint::kEnter}) {
    expect_mapped(point, [] {
      chatterbox_engine* engine = nullptr;
      return chatterbox_engine_create(nullptr, &engine);
    });
  }
  const auto engine = make_engine();
  const chatterbox_request request = request_for("Hello.");
  const std::vector<float> samples(24000, 0.5F);
  for (const FakePoint point : {FakePoint::kEncode, FakePoint::kCheck, FakePoint::kBegin,
                                FakePoint::kPrefill, FakePoint::kStep, FakePoint::kCollect,
                                FakePoint::kFlow, FakePoint::kEuler, FakePoint::kVocode}) {
    expect_mapped(point, [&] {
      chatterbox_result* result = nullptr;
      return chatterbox_engine_generate(engine.get(), &request, &result);
    });
  }
  expect_mapped(FakePoint::kCheck, [&] {
    chatterbox_job* job = nullptr;
    return chatterbox_engine_submit(engine.get(), &request, &job);
  });
  expect_mapped(FakePoint::kMakeVoice, [&] {
    chatterbox_voice* voice = nullptr;
    return chatterbox_engine_make_voice(engine.get(), samples.data(), samples.size(), 1, 24000,
                                        nullptr, &voice);
  });
  expect_usable(engine);
}

TEST_F(Errors, AFailedJobSaysWhyAsOftenAsItIsAsked) {
  const auto engine = make_engine();
  const ScopedFakeHook hook([](const FakeCall& at) {
    if (at.point == FakePoint::kBegin) fail(Status::kDevice, "the device is gone");
  });
  const auto job = submit(engine, request_for("Hello."));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_DEVICE);
    EXPECT_STREQ(chatterbox_last_error(), "the device is gone");
  }
}

TEST_F(Errors, AJobsOwnErrorIsToldOnAnyThread) {
  const auto engine = make_engine();
  const ScopedFakeHook hook([](const FakeCall& at) {
    if (at.point == FakePoint::kStep) fail(Status::kDevice, "the device is gone");
  });
  chatterbox_request request = request_for("Hello.");
  request.tag = 12;
  const auto job = submit(engine, request);
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_DEVICE);
  std::thread([&] {
    chatterbox_status status = CHATTERBOX_STATUS_OK;
    const char* message = nullptr;
    EXPECT_EQ(chatterbox_job_get_error(job.get(), &status, &message), CHATTERBOX_STATUS_OK);
    EXPECT_EQ(status, CHATTERBOX_STATUS_DEVICE);
    EXPECT_STREQ(message, "the device is gone (tag 12)");
    EXPECT_STREQ(chatterbox_last_error(), "");  // that is about calls of this thread
    const char* again = nullptr;
    EXPECT_EQ(chatterbox_job_get_error(job.get(), &status, &again), CHATTERBOX_STATUS_OK);
    EXPECT_EQ(again, message);  // the job's handle has it
  }).join();
}

TEST_F(Errors, AJobThatIsNotDoneOrSucceededHasNone) {
  const auto engine = make_engine();
  const Hold hold(FakePoint::kBegin);
  const auto job = submit(engine, request_for("Hello."));
  hold.wait_until_reached();
  const auto expect_none = [&] {
    chatterbox_status status = CHATTERBOX_STATUS_INTERNAL;
    const char* message = nullptr;
    EXPECT_EQ(chatterbox_job_get_error(job.get(), &status, &message), CHATTERBOX_STATUS_OK);
    EXPECT_EQ(status, CHATTERBOX_STATUS_OK);
    EXPECT_STREQ(message, "");
  };
  expect_none();
  hold.go_on();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  expect_none();
}

TEST_F(Errors, ALostDeviceIsTheEndOfItsEngine) {
  const auto engine = make_engine();
  const chatterbox_request request = request_for("Hello.");
  {
    const ScopedFakeHook hook([](const FakeCall& at) {
      if (at.point == FakePoint::kStep) fail(Status::kDeviceLost, "it fell off the bus");
    });
    EXPECT_EQ(wait_status(submit(engine, request)), CHATTERBOX_STATUS_DEVICE_LOST);
    EXPECT_STREQ(chatterbox_last_error(), "it fell off the bus");
  }
  // Not tried again.
  EXPECT_EQ(refusal(engine, request, CHATTERBOX_STATUS_DEVICE_LOST), "it fell off the bus");
  EXPECT_EQ(metrics_of(engine).healthy, 0);
  const std::vector<float> samples(24000, 0.5F);
  chatterbox_voice* voice = nullptr;
  EXPECT_EQ(chatterbox_engine_make_voice(engine.get(), samples.data(), samples.size(), 1, 24000,
                                         nullptr, &voice),
            CHATTERBOX_STATUS_DEVICE_LOST);
}

TEST_F(Errors, RequestsAreCheckedAndTheEngineGoesOn) {
  const auto engine = make_engine();
  const std::string too_many_bytes(10001, 'x');
  const std::string too_many_tokens(501, 'x');
  const std::tuple<const char*, const char*> texts[] = {
      {"", "text must not be blank"},
      {" \n", "text must not be blank"},
      {"a\xff", "text must be UTF-8, byte 1 (0xff) is not"},
      {too_many_bytes.c_str(), "text must have at most 10000 bytes, got 10001"},
      {too_many_tokens.c_str(), "text has 501 tokens, the limit is 500"},
  };
  chatterbox_result* result = nullptr;
  for (const auto& [text, message] : texts) {
    const chatterbox_request request = request_for(text);
    EXPECT_EQ(chatterbox_engine_generate(engine.get(), &request, &result),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_STREQ(chatterbox_last_error(), message);
  }
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::pair<const char*, float chatterbox_request::*> members[] = {
      {"temperature", &chatterbox_request::temperature},
      {"cfg_weight", &chatterbox_request::cfg_weight},
      {"exaggeration", &chatterbox_request::exaggeration},
      {"min_p", &chatterbox_request::min_p},
      {"top_p", &chatterbox_request::top_p},
      {"repetition_penalty", &chatterbox_request::repetition_penalty},
  };
  for (const auto& [name, member] : members) {
    for (const auto& [value, text] : {std::pair{kNan, "nan"}, {kInf, "inf"}, {-2.F, "-2"}}) {
      chatterbox_request request = request_for("Hello.");
      request.*member = value;
      EXPECT_EQ(chatterbox_engine_generate(engine.get(), &request, &result),
                CHATTERBOX_STATUS_INVALID_ARGUMENT);
      EXPECT_THAT(chatterbox_last_error(), StartsWith(std::string(name) + " must be "));
      EXPECT_THAT(chatterbox_last_error(), ::testing::EndsWith(std::string("got ") + text));
    }
  }
  expect_usable(engine);
}

TEST_F(Errors, RecordingsAreCheckedBeforeTheyAreRead) {
  const auto engine = make_engine();
  const float sample = 0.5F;  // the only one there is: reading a second one is an error
  const auto make = [&](uint64_t frames, int32_t channels, int32_t rate) {
    chatterbox_voice* voice = nullptr;
    EXPECT_EQ(chatterbox_engine_make_voice(engine.get(), &sample, frames, channels, rate, nullptr,
                                           &voice),
              CHATTERBOX_STATUS_BAD_AUDIO);
    return std::string(chatterbox_last_error());
  };
  EXPECT_EQ(make(1, 1, 24000),
            "a recording must be 0.5 to 600 s long, got 4.16667e-05 s (1 frames)");
  EXPECT_EQ(make(0, 1, 24000), "a recording must be 0.5 to 600 s long, got 0 s (0 frames)");
  EXPECT_THAT(make(UINT64_MAX, 8, 24000), HasSubstr("(18446744073709551615 frames)"));
  EXPECT_EQ(make(24000, 0, 24000), "a recording must have 1 to 8 channels, got 0");
  EXPECT_EQ(make(24000, -1, 24000), "a recording must have 1 to 8 channels, got -1");
  EXPECT_EQ(make(24000, 9, 24000), "a recording must have 1 to 8 channels, got 9");
  EXPECT_EQ(make(24000, 1, 0),
            "the sample rate of a recording must be in [8000, 192000] Hz, got 0");
  EXPECT_EQ(make(24000, 1, 192001),
            "the sample rate of a recording must be in [8000, 192000] Hz, got 192001");
  std::vector<float> samples(24000, 0.5F);
  samples[23999] = std::numeric_limits<float>::quiet_NaN();
  chatterbox_voice* voice = nullptr;
  EXPECT_EQ(chatterbox_engine_make_voice(engine.get(), samples.data(), samples.size(), 1, 24000,
                                         nullptr, &voice),
            CHATTERBOX_STATUS_BAD_AUDIO);
  EXPECT_STREQ(chatterbox_last_error(),
               "the samples of a recording must be finite, sample 23999 is nan");
  expect_usable(engine);
}

TEST_F(Errors, AModelWithoutAVoiceSaysSo) {
  chatterbox_engine_options options = default_options();
  options.model = testing::kFakeWithoutVoice;
  const auto engine = make_engine(&options);
  chatterbox_voice* voice = nullptr;
  EXPECT_EQ(chatterbox_engine_get_default_voice(engine.get(), &voice), CHATTERBOX_STATUS_NOT_FOUND);
  const chatterbox_request request = request_for("Hello.");
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit(engine.get(), &request, &job), CHATTERBOX_STATUS_NOT_FOUND);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("voice must be set"));
  options.model = "/nowhere/model";
  chatterbox_engine* none = nullptr;
  EXPECT_EQ(chatterbox_engine_create(&options, &none), CHATTERBOX_STATUS_NOT_FOUND);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("/nowhere/model"));
}

}  // namespace
}  // namespace chatterbox::capi_test
