// Callbacks of the C++ interface: what they get, how long they are kept, and what they throw.
#include <atomic>
#include <stdexcept>
#include <thread>

#include "headers/engines.h"

namespace chatterbox::header_test {
namespace {

using ::testing::ElementsAre;
using testing::Latch;

class Callbacks : public ::testing::Test {
 protected:
  // Every way to have a request spoken that has an on_done, and what it throws.
  template <class Change>
  void for_each_way(const Change& change) {
    Request request = request_for("Hello.");
    change(request);
    ways("generate", [&] { (void)engine.generate(request); });
    ways("submit", [&] { (void)engine.submit(request).wait(); });
    ways("generate_long", [&] { (void)engine.generate_long(request); });
    ways("submit_long", [&] { (void)engine.submit_long(request).wait(); });
    ways("generate_batch", [&] {
      if (auto error = engine.generate_batch({request})[0].error) throw Error(*error);
    });
    Conversion conversion = conversion_of();
    change(conversion);
    ways("convert_voice", [&] { (void)engine.convert_voice(conversion); });
    ways("submit a conversion", [&] { (void)engine.submit(conversion).wait(); });
  }
  std::function<void(const std::function<void()>&)> each;

  const ChatterboxEngine engine = ChatterboxEngine::load();

 private:
  void ways(const char* name, const std::function<void()>& work) const {
    SCOPED_TRACE(name);
    each(work);
  }
};

TEST_F(Callbacks, TellHowFarARequestIs) {
  std::vector<std::pair<Stage, int64_t>> reports;
  std::vector<std::string> tensors;
  Request request = request_for("a");
  request.max_new_tokens = 2;
  request.cfm_steps = 1;
  request.on_progress = [&](const Progress& progress) {
    reports.emplace_back(progress.stage, progress.done);
    EXPECT_EQ(progress.total, progress.stage == Stage::kDecode ? 2
                              : progress.stage == Stage::kFlow ? 1
                                                               : 0);
  };
  request.on_tensor = [&](const TensorView& tensor) {
    EXPECT_EQ(tensor.type, TensorView::Type::kFloat32);
    EXPECT_EQ(tensor.rank, 1U);
    EXPECT_EQ(tensor.shape[0], 1);
    tensors.emplace_back(tensor.name);
  };
  (void)engine.generate(request);
  EXPECT_THAT(reports, ElementsAre(std::pair(Stage::kPrefill, 0), std::pair(Stage::kDecode, 1),
                                   std::pair(Stage::kDecode, 2), std::pair(Stage::kFlow, 0),
                                   std::pair(Stage::kFlow, 1), std::pair(Stage::kVocoder, 0),
                                   std::pair(Stage::kDone, 0)));
  EXPECT_THAT(tensors, ElementsAre("fake.text", "fake.token", "fake.token"));
}

TEST_F(Callbacks, GetTheSamples) {
  const Wave expected = wave_of(engine.generate(request_for("Hello.")));
  Wave got;
  Request request = request_for("Hello.");
  request.on_audio = [&got](Samples samples) {
    got.insert(got.end(), samples.begin(), samples.end());
    return true;
  };
  EXPECT_TRUE(engine.generate(request).samples().empty());
  EXPECT_EQ(got, expected);
}

TEST_F(Callbacks, OneThatSaysFalseCancels) {
  each = [](const std::function<void()>& work) {
    EXPECT_EQ(error_of(work).status(), Status::kCancelled);
  };
  for_each_way([](auto& request) { request.on_audio = [](Samples) { return false; }; });
}

TEST_F(Callbacks, OnDoneComesOnceAndBeforeAFunctionThatBlocksReturns) {
  std::atomic<int> ends{0};
  int expected = 0;
  each = [&](const std::function<void()>& work) {
    work();
    ++expected;
  };
  for_each_way([&](auto& request) {
    request.on_done = [&](Status status) {
      EXPECT_EQ(status, Status::kOk);
      ++ends;
    };
  });
  EXPECT_TRUE(engine.drain());
  EXPECT_EQ(ends, expected);
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> returned{false};
    Request request = request_for("a");
    request.on_done = [&returned](Status) {
      std::this_thread::yield();
      returned = true;
    };
    const auto another = ChatterboxEngine::load();
    (void)another.generate(request);
    ASSERT_TRUE(returned);
  }
}

TEST_F(Callbacks, WhatOneThrowsCancelsItsRequestAndIsTold) {
  std::atomic<int> ends{0};
  int expected_ends = 0;
  std::string message;
  each = [&](const std::function<void()>& work) {
    expect_error(work, Status::kCancelled, message);
    ++expected_ends;
  };
  const auto count_end = [&ends](Status status) {
    EXPECT_EQ(status, Status::kCancelled);
    ++ends;
  };
  message = "on_audio threw: the disk is full";
  for_each_way([&](auto& request) {
    request.on_done = count_end;
    request.on_audio = [](Samples) -> bool { throw std::runtime_error("the disk is full"); };
  });
  message = "on_progress threw: an exception that is no std::exception";
  for_each_way([&](auto& request) {
    request.on_done = count_end;
    request.on_progress = [](const Progress&) { throw 42; };
  });
  EXPECT_TRUE(engine.drain());
  EXPECT_EQ(ends, expected_ends);
}

TEST_F(Callbacks, WhatOneThrowsIsTheJobsErrorToo) {
  Request request = request_for("Hello.");
  request.stream = StreamMode::kPieces;
  request.on_tensor = [](const TensorView&) { throw std::runtime_error("full"); };
  const Job job = engine.submit(request);
  expect_error(
      [&] {
        for (const Chunk& chunk : job.chunks()) ADD_FAILURE() << chunk.first;
      },
      Status::kCancelled, "on_tensor threw: full");
  ASSERT_TRUE(job.error());
  EXPECT_EQ(job.error()->status(), Status::kCancelled);
  EXPECT_STREQ(job.error()->what(), "on_tensor threw: full");
  VoiceOptions options;
  options.on_tensor = request.on_tensor;
  expect_error([&] { (void)engine.make_voice(Audio(Wave(24000, 0.5F)), options); },
               Status::kCancelled, "on_tensor threw: full");
  LongTextOptions pieces;
  pieces.on_piece = [](const Piece&) { throw std::runtime_error("no more"); };
  expect_error([&] { (void)engine.generate_long(request_for("a"), pieces); }, Status::kCancelled,
               "on_piece threw: no more");
  EXPECT_EQ(engine.generate("a").samples().size(), 5 * kSamplesPerToken);
}

TEST_F(Callbacks, WhatOnDoneThrowsIsDropped) {
  each = [](const std::function<void()>& work) { EXPECT_NO_THROW(work()); };
  for_each_way([](auto& request) { request.on_done = [](Status) { throw 42; }; });
}

TEST_F(Callbacks, FunctionsThatBlockAreRefusedInOne) {
  std::vector<Status> statuses;
  Request request = request_for("Hello.");
  request.on_progress = [&](const Progress& progress) {
    if (progress.stage != Stage::kVocoder) return;
    statuses.push_back(error_of([&] { (void)engine.generate("Again."); }).status());
    statuses.push_back(error_of([&] { (void)engine.drain(); }).status());
  };
  (void)engine.generate(request);
  EXPECT_THAT(statuses, ElementsAre(Status::kInvalidArgument, Status::kInvalidArgument));
}

// Functions that block use the caller's own; a job has copies, until its end.
TEST_F(Callbacks, AreKeptAsLongAsTheyAreNeeded) {
  const auto owned = std::make_shared<int>(0);
  Request request = request_for("Hello.");
  request.on_progress = [owned](const Progress&) {};
  const auto copies = owned.use_count();
  request.on_audio = [&, owned](Samples) {
    EXPECT_EQ(owned.use_count(), copies + 1);
    return true;
  };
  (void)engine.generate(request);
  request.on_audio = [&, owned](Samples) {
    EXPECT_EQ(owned.use_count(), 2 * copies + 1);
    return true;
  };
  Latch over;
  request.on_done = [&over](Status) { over.open(); };
  {
    const Job job = engine.submit(request);
    (void)job.wait();
    over.wait();
    EXPECT_TRUE(engine.drain());
    EXPECT_EQ(owned.use_count(), copies + 1);  // though the job lives
  }
  expect_error([&] { (void)engine.submit(request); }, Status::kBusy,
               "the engine is being drained and accepts nothing more");
  EXPECT_EQ(owned.use_count(), copies + 1);
}

// The functions go with the engine, whatever had become of the job.
TEST_F(Callbacks, OfAJobOfAnEngineThatIsDestroyed) {
  const auto owned = std::make_shared<int>(0);
  std::vector<Status> ends;
  {
    const Hold hold;
    auto busy = ChatterboxEngine::load();
    const Job running = busy.submit(hold.request("a"));
    hold.wait_until_reached();
    Request request = request_for("b");
    request.on_done = [&ends, owned](Status status) { ends.push_back(status); };
    (void)busy.submit(request);
    request = {};
    EXPECT_EQ(owned.use_count(), 2);
    hold.go_on();
    busy.cancel_all();
  }
  EXPECT_THAT(ends, ElementsAre(::testing::AnyOf(Status::kCancelled, Status::kOk)));
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace chatterbox::header_test
