// Requests that are spoken in chunks while their tokens are drawn.
#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

#include "engine/long_texts.h"
#include "engine/recorded_engine.h"
#include "engine/streaming.h"
#include "support/latch.h"
#include "support/virtual_time.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using namespace chatterbox::testing;  // NOLINT

class ChunksTest : public ::testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  static EngineOptions options() {
    EngineOptions options;
    options.device = GetParam();
    options.max_queue = 1000;
    return options;
  }

  Engine engine_{options()};
};

// On the engine's thread, on one of its own, and where whole utterances are spoken in batches.
INSTANTIATE_TEST_SUITE_P(Devices, ChunksTest,
                         ::testing::Values("cpu", "cuda", kFakeBatching, kFakeReading));

TEST_P(ChunksTest, AreTheWhole) {
  for (const int64_t tokens : {5, 12, 17, 18, 37, 42, 43, 100, 504}) {
    const Job job = engine_.submit(in_chunks(text_of(tokens)));
    const Read read = read_all(job);
    EXPECT_EQ(read.samples, alone(request_for(text_of(tokens)))) << tokens;
    EXPECT_EQ(job.result().samples, tokens * kFakeSamplesPerToken);
    EXPECT_EQ(job.result().speech_tokens, tokens);
    EXPECT_TRUE(job.result().audio.samples.empty());
  }
  EXPECT_THAT(read_all(engine_.submit(in_chunks(text_of(43)))).tokens, ElementsAre(12, 25, 6));
  EXPECT_THAT(read_all(engine_.submit(in_chunks(text_of(42)))).tokens, ElementsAre(12, 30));
}

TEST_P(ChunksTest, LeaveWhileTokensAreDrawn) {
  Latch first_was_read;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kStep && call.index == 60) first_was_read.wait();
  });
  const Job job = engine_.submit(in_chunks(text_of(100)));
  Chunk chunk;
  ASSERT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
  EXPECT_FALSE(job.done());
  first_was_read.open();
  EXPECT_EQ(read_all(engine_.submit(in_chunks("another"))).samples, alone(request_for("another")));
  while (job.next(kForever, chunk) == Job::Next::kChunk) EXPECT_GT(chunk.first, 0);
  EXPECT_EQ(job.result().finish_reason, FinishReason::kEos);
}

TEST_P(ChunksTest, MayBePushed) {
  Request request = in_chunks(text_of(60));
  std::vector<float> pushed;
  std::vector<size_t> sizes;
  request.on_audio = [&](const float* samples, size_t count) {
    pushed.insert(pushed.end(), samples, samples + count);
    sizes.push_back(count / kFakeSamplesPerToken);
    return true;
  };
  EXPECT_EQ(generate(engine_, request).stream.chunks.size(), 3U);
  EXPECT_EQ(pushed, alone(request_for(text_of(60))));
  EXPECT_THAT(sizes, ElementsAre(12, 25, 23));
  EXPECT_TRUE(engine_.generate_batch({request}).front().result);
  int calls = 0;
  request.on_audio = [&](const float*, size_t) { return ++calls < 2; };
  EXPECT_EQ(failure_of([&] { (void)generate(engine_, request); }).message,
            "on_audio asked to stop");
  EXPECT_EQ(calls, 2);
}

TEST_P(ChunksTest, OfAConversion) {
  Conversion conversion = conversion_of(4 * 24000);  // 96 tokens, all there at once
  const Audio whole = generate(engine_, conversion).audio;
  conversion.stream = StreamMode::kChunks;
  conversion.stream_options.chunks = {20};
  const Read read = read_all(engine_.submit(conversion));
  EXPECT_EQ(read.samples, whole.samples);
  EXPECT_THAT(read.tokens, ElementsAre(20, 20, 20, 20, 16));
}

TEST_P(ChunksTest, SayWhatTheyDo) {
  Request request = in_chunks(text_of(60));
  std::vector<Stage> stages;
  request.on_progress = [&](const Progress& progress) {
    if (stages.empty() || stages.back() != progress.stage) stages.push_back(progress.stage);
  };
  const Job job = engine_.submit(request);
  EXPECT_EQ(read_all(job).tokens.size(), 3U);
  (void)job.result();
  EXPECT_EQ(stages.front(), Stage::kPrefill);
  EXPECT_EQ(stages.back(), Stage::kDone);
  EXPECT_GE(std::count(stages.begin(), stages.end(), Stage::kFlow), 1);
  EXPECT_EQ(std::count(stages.begin(), stages.end(), Stage::kDone), 1);
}

// ---- Long texts

TEST_P(ChunksTest, OfALongTextAreItsPiecesJoinedAsEver) {
  const VirtualTime time;  // where tokens last, so that the joints' fades are of a chunk
  Engine engine(options());
  const std::string text = sentences(12) + "[pause:500ms] And an end. [pause:1s]";
  std::vector<Piece> pieces, streamed_pieces;
  const auto into = [](std::vector<Piece>& seen) {
    LongTextOptions options;
    options.on_piece = [&seen](const Piece& piece) { seen.push_back(piece); };
    return options;
  };
  const Result whole = engine.submit_long(request_for(text), into(pieces)).result();
  const Job job = engine.submit_long(in_chunks(text), into(streamed_pieces));
  const Read read = read_all(job);
  EXPECT_EQ(read.samples, whole.audio.samples);
  EXPECT_GT(read.tokens.size(), 3 * pieces.size());
  EXPECT_EQ(job.result().samples, static_cast<int64_t>(read.samples.size()));
  EXPECT_EQ(job.result().stream.chunks.size(), read.tokens.size());
  ASSERT_EQ(streamed_pieces.size(), pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(streamed_pieces[i].begin, pieces[i].begin);
    EXPECT_EQ(streamed_pieces[i].end, pieces[i].end);
    EXPECT_EQ(streamed_pieces[i].text_begin, pieces[i].text_begin);
  }
}

TEST_P(ChunksTest, OfAPieceThatFailsEndTheText) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kChunk && call.index > 0 &&
        call.task->text.find("number 3") != std::string::npos) {
      throw std::runtime_error("broken");
    }
  });
  const Job job = engine_.submit_long(in_chunks(sentences(8)), {});
  EXPECT_EQ(failure_of_stream(job).message, "broken");
}

// ---- Among others

TEST_P(ChunksTest, OfNoMoreThanMaxStreams) {
  EngineOptions bounded = options();
  bounded.max_streams = 2;
  Engine engine(bounded);
  int streams = 0, most = 0;
  std::string started;
  Latch all_submitted;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kBegin) return;
    all_submitted.wait();
    started += call.task->stream ? 's' : 'w';
    if (call.task->stream) most = std::max(most, ++streams);
  });
  std::vector<Job> jobs;
  for (int i = 0; i < 5; ++i) {
    Request request = in_chunks(text_of(100));
    request.on_progress = [&](const Progress& progress) {
      if (progress.stage == Stage::kDone) --streams;
    };
    jobs.push_back(engine.submit(request));
  }
  Request whole = request_for("Others may start before them.");
  whole.client = 1;
  const Job other = engine.submit(whole);
  all_submitted.open();
  for (const Job& job : jobs) EXPECT_EQ(read_all(job).samples.size(), 100U * 8);
  for (const Job& job : jobs) (void)job.result();
  (void)other.result();
  EXPECT_EQ(most, 2);
  EXPECT_LT(started.find('w'), 3U) << started;
}

struct Asked {
  Request request;
  bool is_stream = false;
  bool is_long = false;
  int cancel_after = -1;  // chunks
};

Asked asked_by(std::mt19937_64& random) {
  Asked asked;
  asked.request = request_for(text_of(5 + static_cast<int64_t>(random() % 200)));
  asked.request.seed = random() % 100;
  asked.request.priority = static_cast<int32_t>(random() % 3);
  asked.request.client = random() % 3;
  if (random() % 3 == 0) asked.request.cfg_weight = 0;
  asked.is_long = random() % 6 == 0;
  if (asked.is_long) asked.request.text = sentences(3);
  asked.is_stream = random() % 3 != 0;
  if (asked.is_stream) {
    asked.request = in_chunks(asked.request, {6 + static_cast<int32_t>(random() % 20), 30});
  }
  if (random() % 4 == 0) asked.cancel_after = static_cast<int>(random() % 4);
  return asked;
}

// Reads up to `most` chunks. Whether that was all.
bool read_some(const Job& job, int most, std::vector<float>& samples) {
  Chunk chunk;
  for (int i = 0; i < most; ++i) {
    if (job.next(kForever, chunk) != Job::Next::kChunk) return true;
    samples.insert(samples.end(), chunk.samples.begin(), chunk.samples.end());
  }
  return false;
}

// Random mixes: of those that are not cancelled, each has the bits that it has alone.
TEST_P(ChunksTest, HaveTheSameBitsAloneAndAmongOthers) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 12; ++round) {
    std::vector<Asked> all;
    for (int i = 0; i < 16; ++i) all.push_back(asked_by(random));
    std::vector<Job> jobs;
    for (const Asked& asked : all) {
      jobs.push_back(asked.is_long ? engine_.submit_long(asked.request, {})
                                   : engine_.submit(asked.request));
      if (random() % 4 == 0) std::this_thread::yield();
    }
    std::vector<std::thread> readers;
    std::vector<std::vector<float>> samples(jobs.size());
    for (size_t i = 0; i < jobs.size(); ++i) {
      readers.emplace_back([&, i] {
        const Asked& asked = all[i];
        if (asked.cancel_after >= 0) {
          if (asked.is_stream) (void)read_some(jobs[i], asked.cancel_after, samples[i]);
          jobs[i].cancel();
          (void)jobs[i].wait(kForever);
        } else if (asked.is_stream) {
          (void)read_some(jobs[i], 1000, samples[i]);
        } else {
          samples[i] = jobs[i].result().audio.samples;
        }
      });
    }
    for (std::thread& reader : readers) reader.join();
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (all[i].cancel_after >= 0) continue;
      Request whole = all[i].request;
      whole.stream = StreamMode::kNone;
      Engine fresh({});
      EXPECT_EQ(samples[i], all[i].is_long ? fresh.submit_long(whole, {}).result().audio.samples
                                           : generate(fresh, whole).audio.samples);
    }
  }
}

}  // namespace
}  // namespace chatterbox
