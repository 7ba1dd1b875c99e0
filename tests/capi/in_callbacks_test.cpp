// What a callback may do of its own engine: submit, cancel, ask; functions that block fail.
#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using testing::Latch;
using testing::ScopedFakeHook;

constexpr chatterbox_status kInvalid = CHATTERBOX_STATUS_INVALID_ARGUMENT;

// What is called within the callbacks.
struct Inner {
  chatterbox_engine* engine = nullptr;
  Owned<chatterbox_job> other;   // not done as long as the callback runs
  Owned<chatterbox_job> stream;  // nor is this, which streams
  int calls = 0;
  std::shared_ptr<Latch> checked = std::make_shared<Latch>();  // opened when all is checked
};

void expect_refused(const char* name, chatterbox_status status) {
  EXPECT_EQ(status, kInvalid) << name;
  EXPECT_STREQ(chatterbox_last_error(), "a callback must not wait for the engine that calls it")
      << name;
}

void expect_speech_refused(chatterbox_engine* engine) {
  chatterbox_request request = request_for("Again.");
  const std::vector<float> samples(24000, 0.5F);
  auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  conversion.samples = samples.data();
  conversion.frames = samples.size();
  conversion.sample_rate = 24000;
  const chatterbox_request* const requests[] = {&request};
  chatterbox_result* result = nullptr;
  chatterbox_batch* batch = nullptr;
  chatterbox_voice* voice = nullptr;
  expect_refused("generate", chatterbox_engine_generate(engine, &request, &result));
  expect_refused("long", chatterbox_engine_generate_long(engine, &request, nullptr, &result));
  expect_refused("convert", chatterbox_engine_convert_voice(engine, &conversion, &result));
  expect_refused("batch", chatterbox_engine_generate_batch(engine, requests, 1, &batch));
  expect_refused("make_voice", chatterbox_engine_make_voice(engine, samples.data(), samples.size(),
                                                            1, 24000, nullptr, &voice));
  expect_refused("drain", chatterbox_engine_drain(engine, 1));
  request.wait_ms = 1;
  chatterbox_job* job = nullptr;
  expect_refused("submit", chatterbox_engine_submit(engine, &request, &job));
}

void expect_waits_refused(const Inner& inner) {
  chatterbox_result* result = nullptr;
  expect_refused("wait", chatterbox_job_wait(inner.other.get(), 1, &result));
  auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
  expect_refused("next", chatterbox_job_next(inner.stream.get(), CHATTERBOX_FOREVER, &chunk));
  const chatterbox_job* const jobs[] = {inner.other.get()};
  uint64_t index = 0;
  expect_refused("any", chatterbox_jobs_wait_any(jobs, 1, 1, &index));
  // Those that do not block are functions like others.
  EXPECT_EQ(wait_status(inner.other, 0), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(chatterbox_job_next(inner.stream.get(), 0, &chunk), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(chatterbox_jobs_wait_any(jobs, 1, 0, &index), CHATTERBOX_STATUS_TIMEOUT);
}

void expect_blocking_refused(void* user_data) {
  auto* inner = static_cast<Inner*>(user_data);
  if (inner->calls++ > 0) return;
  chatterbox_request request = request_for("Queued.");
  inner->other = made<chatterbox_job>(
      [&](chatterbox_job** job) { return chatterbox_engine_submit(inner->engine, &request, job); });
  request.stream = CHATTERBOX_STREAM_PIECES;
  inner->stream = made<chatterbox_job>(
      [&](chatterbox_job** job) { return chatterbox_engine_submit(inner->engine, &request, job); });
  expect_speech_refused(inner->engine);
  expect_waits_refused(*inner);
  inner->checked->open();
}

class InCallbacks : public CApiTest {
 protected:
  // What a callback submits does not begin before it has returned, whatever thread that is on.
  static ScopedFakeHook hold_back(const Inner& inner) {
    return ScopedFakeHook([checked = inner.checked](const FakeCall& call) {
      if (call.point == FakePoint::kBegin && call.task->text == "Queued.") checked->wait();
    });
  }
  void expect_refused_in(const std::function<void(chatterbox_request&)>& install) {
    chatterbox_request request = request_for("Hello.");
    Inner inner;
    inner.engine = engine.get();
    const ScopedFakeHook hook = hold_back(inner);
    request.user_data = &inner;
    install(request);
    (void)generate(engine, request);
    EXPECT_GT(inner.calls, 0);
    EXPECT_EQ(wait_status(inner.other), CHATTERBOX_STATUS_OK);
    EXPECT_EQ(wait_status(inner.stream), CHATTERBOX_STATUS_OK);
  }

  Owned<chatterbox_engine> engine = make_engine();
};

TEST_F(InCallbacks, OnProgressMustNotBlock) {
  expect_refused_in([](chatterbox_request& request) {
    request.on_progress = [](const chatterbox_progress*, void* user_data) {
      expect_blocking_refused(user_data);
      return 0;
    };
  });
}

TEST_F(InCallbacks, OnTensorMustNotBlock) {
  expect_refused_in([](chatterbox_request& request) {
    request.on_tensor = [](const chatterbox_tensor*, void* user_data) {
      expect_blocking_refused(user_data);
      return 0;
    };
  });
}

TEST_F(InCallbacks, OnAudioMustNotBlock) {
  expect_refused_in([](chatterbox_request& request) {
    request.on_audio = [](uint64_t, const float*, uint64_t, void* user_data) {
      expect_blocking_refused(user_data);
      return 0;
    };
  });
}

TEST_F(InCallbacks, OnDoneMustNotBlock) {
  expect_refused_in([](chatterbox_request& request) {
    request.on_done = [](uint64_t, chatterbox_status, void* user_data) {
      expect_blocking_refused(user_data);
    };
  });
}

TEST_F(InCallbacks, OnPieceMustNotBlock) {
  Inner inner;
  inner.engine = engine.get();
  const ScopedFakeHook hook = hold_back(inner);
  chatterbox_request request = request_for("One.\nTwo.");
  request.user_data = &inner;
  auto options = filled<chatterbox_long_text_options>(chatterbox_long_text_options_init);
  options.on_piece = [](const chatterbox_piece*, void* user_data) {
    expect_blocking_refused(user_data);
    return 0;
  };
  EXPECT_EQ(wait_status(submit_long(engine, request, &options)), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(inner.calls, 2);
  EXPECT_EQ(wait_status(inner.other), CHATTERBOX_STATUS_OK);
}

TEST_F(InCallbacks, OneMustNotWaitForTheJobThatCalls) {
  struct Own {
    std::atomic<chatterbox_job*> job{nullptr};
    Latch known;
    int calls = 0;
  } own;
  chatterbox_request request = request_for("Hello.");
  request.user_data = &own;
  request.on_progress = [](const chatterbox_progress*, void* user_data) {
    auto* self = static_cast<Own*>(user_data);
    self->known.wait();
    chatterbox_result* result = nullptr;
    for (const int64_t timeout : {int64_t{CHATTERBOX_FOREVER}, int64_t{1}}) {
      expect_refused("wait", chatterbox_job_wait(self->job, timeout, &result));
    }
    ++self->calls;
    return 0;
  };
  const auto job = submit(engine, request);
  own.job = job.get();
  own.known.open();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  EXPECT_GT(own.calls, 0);
}

// On the thread that cancels, too: it may be within what the host locks.
TEST_F(InCallbacks, OnDoneOnTheThreadThatCancelsMustNotBlock) {
  Inner inner;
  inner.engine = engine.get();
  const Hold hold(testing::FakePoint::kStep);
  const auto running = submit(engine, request_for("a"));
  hold.wait_until_reached();
  chatterbox_request request = request_for("b");
  request.user_data = &inner;
  request.on_done = [](uint64_t, chatterbox_status, void* user_data) {
    expect_blocking_refused(user_data);
  };
  const auto waiting = submit(engine, request);
  chatterbox_job_cancel(waiting.get());
  EXPECT_EQ(inner.calls, 1);
  hold.go_on();
  EXPECT_EQ(wait_status(inner.other), CHATTERBOX_STATUS_OK);
}

TEST_F(InCallbacks, AnotherEngineMaySpeak) {
  struct Relay {
    Owned<chatterbox_engine> other = make_engine();
    std::vector<float> samples;
  } relay;
  const auto expected = speak(engine, request_for("Again."));
  chatterbox_request request = request_for("Hello.");
  request.user_data = &relay;
  request.on_audio = [](uint64_t, const float*, uint64_t, void* user_data) {
    auto* own = static_cast<Relay*>(user_data);
    own->samples = speak(own->other, request_for("Again."));
    return 0;
  };
  (void)generate(engine, request);
  EXPECT_EQ(relay.samples, expected);
}

}  // namespace
}  // namespace chatterbox::capi_test
