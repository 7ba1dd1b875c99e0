// Voices made in parts: between the steps of others, never instead of them.
#include <thread>

#include "engine/recorded_engine.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

using VoiceTest = RecordedEngine;

// Five minutes are twelve parts. All of it was one piece of work once, in which everybody stood.
TEST_F(VoiceTest, IsMadeBetweenTheStepsOfOthers) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kDynamic));
  const Job running = engine.submit(request_for(std::string(50, 'a')));
  first_step_.wait();
  std::thread maker([&] {
    (void)engine.make_voice({std::vector<float>(8000 * 300, 0.5F), 8000, 1}, {});
  });
  while (engine.metrics().waiting == 0) std::this_thread::yield();
  const Job other = engine.submit(request_for("b"));
  all_submitted_.open();
  maker.join();
  (void)running.result();
  (void)other.result();
  const std::ptrdiff_t begin = at("prefill voice 0"), end = at("prefill voice 11");
  int together = 0;
  for (std::ptrdiff_t i = begin + 1; i <= end; ++i) {
    if (events_[static_cast<size_t>(i)].rfind("prefill voice", 0) != 0) continue;
    const auto step = [&](std::ptrdiff_t before) {
      return events_[static_cast<size_t>(before)].rfind("step a", 0) == 0;
    };
    bool steps = false;
    for (std::ptrdiff_t k = i - 1; k > begin && !steps; --k) {
      if (events_[static_cast<size_t>(k)].rfind("prefill voice", 0) == 0) break;
      steps = step(k);
    }
    if (!steps) ++together;
  }
  EXPECT_EQ(together, 0) << "parts with no step of the other between them";
  EXPECT_LT(at("prefill b 1"), end);  // nor does a text wait for all of a recording
}

// Twenty texts have forty parts.
TEST_F(VoiceTest, DoesNotWaitForAllTexts) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kDynamic));
  std::vector<Job> jobs = {engine.submit(request_for("a"))};
  first_step_.wait();
  std::thread maker([&] {
    (void)engine.make_voice({std::vector<float>(8000 * 300, 0.5F), 8000, 1}, {});
  });
  while (engine.metrics().waiting == 0) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) jobs.push_back(engine.submit(request_for(i < 19 ? "b" : "z")));
  all_submitted_.open();
  maker.join();
  for (const Job& job : jobs) (void)job.result();
  EXPECT_LT(at("prefill voice 11"), at("begin z"));
}

TEST_F(VoiceTest, TakesItsOptionsAndMixesToMono) {
  runtime::Task seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seen = *call.task;
  });
  Engine engine({});
  int64_t size = 0;
  VoiceOptions options;
  options.on_tensor = [&](const TensorView& view) { size = view.shape[0]; };
  Audio stereo = recording();
  stereo.channels = 2;
  stereo.samples.resize(48000, -0.25F);
  const Voice voice = engine.make_voice(stereo, options);
  EXPECT_EQ(size, 24000);
  EXPECT_EQ(seen.kind, runtime::TaskKind::kVoice);
  EXPECT_EQ(seen.source->channels, 1);
  EXPECT_EQ(seen.source->samples.front(), 0.5F);
  EXPECT_EQ(seen.source->samples.back(), -0.25F);
  EXPECT_TRUE(seen.normalise_loudness);
  EXPECT_EQ(seen.prompt_seconds, 10);
  EXPECT_EQ(voice.conditionals()->x_vector.front(), 0.5F);
  options.normalise_loudness = false;
  options.prompt_seconds = 3;
  EXPECT_EQ(engine.make_voice(stereo, options).conditionals()->x_vector.front(), 1.5F);
  EXPECT_FALSE(seen.normalise_loudness);
  EXPECT_EQ(seen.prompt_seconds, 3);
}

TEST_F(VoiceTest, FailsAlone) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kMakeVoice) throw std::runtime_error("no voice");
  });
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    Engine engine(options_for(mode));
    const Job other = engine.submit(request_for("Hello."));
    const Failure failure = failure_of([&] { (void)engine.make_voice(recording(), {}); });
    EXPECT_THAT(failure.message, HasSubstr("no voice"));
    EXPECT_NO_THROW((void)other.result());
    EXPECT_EQ(engine.metrics().running, 0);
  }
}

TEST_F(VoiceTest, WaitsForRoom) {
  Latch held, go_on;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kBegin || call.task->text != "held") return;
    held.open();
    go_on.wait();
  });
  EngineOptions options;
  options.max_queue = 1;
  Engine engine(options);
  const Job running = engine.submit(request_for("held"));
  held.wait();
  const Job waiting = engine.submit(request_for("b"));
  std::thread maker([&] { EXPECT_NO_THROW((void)engine.make_voice(recording(), {})); });
  go_on.open();
  maker.join();
  (void)waiting.result();
}

}  // namespace
}  // namespace chatterbox
