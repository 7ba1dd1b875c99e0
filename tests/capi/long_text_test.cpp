// A long text is a job like any other.
#include <cmath>

#include "capi/capi_test.h"
#include "support/error.h"
#include "support/virtual_time.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using ::testing::HasSubstr;
using testing::ScopedFakeHook;

constexpr char kText[] = "One.[pause:500ms]Two.\nThree.";

class LongTexts : public CApiTest {
 protected:
  static chatterbox_long_text_options long_options() {
    return filled<chatterbox_long_text_options>(chatterbox_long_text_options_init);
  }
  static std::vector<chatterbox_piece> pieces_of(const Owned<chatterbox_result>& result) {
    std::vector<chatterbox_piece> pieces;
    for (uint64_t i = 0; i < chatterbox_result_piece_count(result.get()); ++i) {
      pieces.push_back(filled<chatterbox_piece>([&](chatterbox_piece* piece, size_t size) {
        return chatterbox_result_get_piece(result.get(), i, piece, size);
      }));
    }
    return pieces;
  }

  const Owned<chatterbox_engine> engine = make_engine();
};

void expect_equal(const chatterbox_piece& one, const chatterbox_piece& other) {
  EXPECT_EQ(one.struct_size, sizeof one);
  EXPECT_EQ(one.reserved, 0);
  EXPECT_EQ(one.tag, other.tag);
  EXPECT_EQ(one.index, other.index);
  EXPECT_EQ(one.count, other.count);
  EXPECT_EQ(one.text_begin, other.text_begin);
  EXPECT_EQ(one.text_end, other.text_end);
  EXPECT_EQ(one.begin_seconds, other.begin_seconds);
  EXPECT_EQ(one.end_seconds, other.end_seconds);
}

TEST_F(LongTexts, BlockingAndQueuedGiveTheSame) {
  const chatterbox_request request = request_for(kText);
  const auto blocking = made<chatterbox_result>([&](chatterbox_result** result) {
    return chatterbox_engine_generate_long(engine.get(), &request, nullptr, result);
  });
  const auto queued = wait_for(submit_long(engine, request));
  EXPECT_EQ(samples_of(blocking), samples_of(queued));
  EXPECT_GT(chatterbox_result_sample_count(queued.get()), 12000U + 3600U);  // the two pauses
}

TEST_F(LongTexts, ResultsAreSumsAndTellTheirPieces) {
  chatterbox_request request = request_for(kText);
  request.tag = 31;
  const auto job = submit_long(engine, request);
  EXPECT_EQ(chatterbox_job_tag(job.get()), 31U);
  const auto result = wait_for(job);
  const chatterbox_result_stats stats = stats_of(result);
  EXPECT_EQ(stats.tag, 31U);
  EXPECT_EQ(stats.seed, 5U);
  EXPECT_EQ(stats.speech_tokens, 8 + 8 + 10);
  EXPECT_EQ(stats.samples, static_cast<int64_t>(samples_of(result).size()));
  const auto pieces = pieces_of(result);
  ASSERT_EQ(pieces.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(pieces[i].struct_size, sizeof pieces[i]);
    EXPECT_EQ(pieces[i].tag, 31U);
    EXPECT_EQ(pieces[i].index, i);
    EXPECT_EQ(pieces[i].count, 3U);
  }
  const std::string text = kText;
  const auto words_of = [&](const chatterbox_piece& piece) {
    return text.substr(piece.text_begin, piece.text_end - piece.text_begin);
  };
  EXPECT_THAT(words_of(pieces[0]), HasSubstr("One."));
  EXPECT_THAT(words_of(pieces[1]), HasSubstr("Two."));
  EXPECT_THAT(words_of(pieces[2]), HasSubstr("Three."));
  EXPECT_EQ(pieces[0].begin_seconds, 0);
  EXPECT_NEAR(pieces[1].begin_seconds - pieces[0].end_seconds, 0.5, 1e-9);
  EXPECT_NEAR(pieces[2].begin_seconds - pieces[1].end_seconds, 0.15, 1e-9);
  EXPECT_NEAR(pieces[2].end_seconds, static_cast<double>(stats.samples) / 24000, 1e-9);
}

TEST_F(LongTexts, OtherResultsHaveNoPieces) {
  const auto result = generate(engine, request_for("One."));
  EXPECT_EQ(chatterbox_result_piece_count(result.get()), 0U);
  chatterbox_piece piece;
  EXPECT_EQ(chatterbox_result_get_piece(result.get(), 0, &piece, sizeof piece),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "the result has no pieces, so there is no index 0");
}

// What the callbacks of a long text got.
struct Heard {
  std::vector<float> samples;
  std::vector<chatterbox_piece> pieces;
  std::vector<size_t> samples_at_piece;
};

TEST_F(LongTexts, SamplesAndPiecesComeAsTheyAreMade) {
  const auto whole = wait_for(submit_long(engine, request_for(kText)));
  Heard heard;
  chatterbox_request request = request_for(kText);
  request.user_data = &heard;
  request.on_audio = [](uint64_t, const float* samples, uint64_t count, void* user_data) {
    auto& into = static_cast<Heard*>(user_data)->samples;
    into.insert(into.end(), samples, samples + count);
    return 0;
  };
  auto options = long_options();
  options.on_piece = [](const chatterbox_piece* piece, void* user_data) {
    auto* own = static_cast<Heard*>(user_data);
    own->pieces.push_back(*piece);
    own->samples_at_piece.push_back(own->samples.size());
    return 0;
  };
  const auto result = made<chatterbox_result>([&](chatterbox_result** out) {
    return chatterbox_engine_generate_long(engine.get(), &request, &options, out);
  });
  EXPECT_EQ(chatterbox_result_sample_count(result.get()), 0U);
  EXPECT_EQ(heard.samples, samples_of(whole));
  const auto expected = pieces_of(whole);
  ASSERT_EQ(heard.pieces.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    expect_equal(heard.pieces[i], expected[i]);
    EXPECT_GT(heard.samples_at_piece[i], i == 0 ? 0 : heard.samples_at_piece[i - 1]);
  }
}

TEST_F(LongTexts, ProgressCountsTheTokensOfThePiecesThatAreDone) {
  std::vector<int64_t> done;
  chatterbox_request request = request_for(kText);
  request.user_data = &done;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    if (progress->stage == CHATTERBOX_STAGE_DECODE) {
      static_cast<std::vector<int64_t>*>(user_data)->push_back(progress->done);
    }
    return 0;
  };
  EXPECT_EQ(wait_status(submit_long(engine, request)), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(done, (std::vector<int64_t>{8, 16, 26}));
}

// The status of a long text whose callbacks are those of the request and the options.
chatterbox_status status_of(const Owned<chatterbox_engine>& engine,
                            const chatterbox_request& request,
                            const chatterbox_long_text_options& options) {
  chatterbox_result* result = nullptr;
  const chatterbox_status status =
      chatterbox_engine_generate_long(engine.get(), &request, &options, &result);
  EXPECT_EQ(result, nullptr);
  return status;
}

TEST_F(LongTexts, EndWhereACallbackSaysSo) {
  int calls = 0;
  chatterbox_request request = request_for("One.\nTwo.\nThree.");
  request.user_data = &calls;
  request.on_audio = [](uint64_t, const float*, uint64_t, void* user_data) {
    ++*static_cast<int*>(user_data);
    return 1;
  };
  EXPECT_EQ(status_of(engine, request, long_options()), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_EQ(calls, 1);
  request.on_audio = nullptr;
  auto options = long_options();
  options.on_piece = [](const chatterbox_piece*, void* user_data) {
    ++*static_cast<int*>(user_data);
    return 1;
  };
  EXPECT_EQ(status_of(engine, request, options), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_STREQ(chatterbox_last_error(), "on_piece returned 1, which cancels");
  EXPECT_EQ(calls, 2);
  options.on_piece = [](const chatterbox_piece*, void*) -> int32_t { throw 42; };
  EXPECT_EQ(status_of(engine, request, options), CHATTERBOX_STATUS_INTERNAL);
  EXPECT_STREQ(chatterbox_last_error(), "on_piece threw: unknown exception");
  expect_usable(engine);
}

TEST_F(LongTexts, ThatComeByAndBy) {
  const auto expected =
      samples_of(wait_for(submit_long(engine, request_for("One.\nTwo.\nThree."))));
  chatterbox_request request = request_for(nullptr);
  chatterbox_job* handle = nullptr;
  ASSERT_EQ(chatterbox_engine_open_text(engine.get(), &request, nullptr, &handle),
            CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_job> job(handle);
  for (const char* text : {"One.", "\nTw", "o.\n"}) {
    EXPECT_EQ(chatterbox_job_feed(handle, text), CHATTERBOX_STATUS_OK);
  }
  EXPECT_EQ(chatterbox_job_flush(handle), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_job_feed(handle, "Three."), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_job_is_done(handle), 0);
  EXPECT_EQ(chatterbox_job_end(handle), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(samples_of(wait_for(job)), expected);
  EXPECT_EQ(chatterbox_job_feed(handle, "Four."), CHATTERBOX_STATUS_INVALID_ARGUMENT);
}

TEST_F(LongTexts, AreCancelledAsOne) {
  const Hold hold(FakePoint::kStep);
  const auto job = submit_long(engine, request_for("One.\nTwo.\nThree."));
  hold.wait_until_reached();
  chatterbox_job_cancel(job.get());
  hold.go_on();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), CHATTERBOX_FOREVER), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(metrics_of(engine).ended[-CHATTERBOX_STATUS_CANCELLED], 1);
}

TEST_F(LongTexts, APieceThatFailsEndsAll) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kFlow && call.task->text == "Two.") fail(Status::kDevice, "gone");
  });
  const auto job = submit_long(engine, request_for("One.\nTwo.\nThree."));
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_DEVICE);
  EXPECT_STREQ(chatterbox_last_error(), "gone");
}

TEST_F(LongTexts, HaveADeadlineAsAWhole) {
  testing::VirtualTime time;
  const auto timed = make_engine();
  const Hold hold(FakePoint::kStep);
  chatterbox_request request = request_for("One.\nTwo.\nThree.");
  request.deadline_ms = 20;
  const auto job = submit_long(timed, request);
  hold.wait_until_reached();
  time.pass(0.025);
  hold.go_on();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_DEADLINE_EXCEEDED);
}

TEST_F(LongTexts, WrongOnesAreRefused) {
  const auto refused = [&](const chatterbox_request& request,
                           const chatterbox_long_text_options& options) {
    EXPECT_EQ(status_of(engine, request, options), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    return std::string(chatterbox_last_error());
  };
  auto options = long_options();
  options.pause_seconds = NAN;
  EXPECT_EQ(refused(request_for("One."), options), "pause must be in [0, 10] seconds, got nan");
  options.pause_seconds = -1;
  EXPECT_EQ(refused(request_for("One."), options), "pause must be in [0, 10] seconds, got -1");
  options = long_options();
  options.reserved = 1;
  EXPECT_EQ(refused(request_for("One."), options), "reserved must be 0, got 1");
  options = long_options();
  EXPECT_EQ(refused(request_for(" "), options), "text must not be blank");
  EXPECT_THAT(refused(request_for("[pause:1s]"), options), HasSubstr("nothing to speak"));
  const std::string too_long((size_t{16} << 20) + 1, 'x');
  EXPECT_EQ(refused(request_for(too_long.c_str()), options),
            "text must have at most 16777216 bytes, got 16777217");
  expect_usable(engine);
}

}  // namespace
}  // namespace chatterbox::capi_test
