// Everything that callers do, from 32 threads at a time, at random: submit, read, feed, cancel,
// wait, drop, make voices, drain, destroy. For ThreadSanitizer above all; what can be checked in
// any order is checked everywhere. CHATTERBOX_DRIVER_OPERATIONS and CHATTERBOX_DRIVER_SEED say how
// much, and which.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "engine/job_state.h"
#include "support/fake_executor.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

constexpr int kThreads = 32;
constexpr size_t kSlots = 48;
constexpr size_t kLong = 3;  // which of the texts

const std::array<std::string, 4> kTexts = {
    "A.", "Hello there.", std::string(90, 'x'),
    "One sentence. Another one. And a third one, which is longer than both of them together."};

// What the callbacks of a job have seen.
struct Told {
  std::atomic<int> ends{0};
  std::atomic<bool> late{false};
  void call() {
    if (ends != 0) late = true;
  }
};

struct Held {
  Held(Job made, std::shared_ptr<Told> seen) : job(std::move(made)), told(std::move(seen)) {}

  const Job job;
  const std::shared_ptr<Told> told;
  const std::vector<float>* whole = nullptr;  // what it must give, where that is known
  bool is_read = false;
  std::mutex reading;  // its reader: one at a time
  std::vector<float> read;
  bool ended = false;
};

// What the threads share.
class Shared {
 public:
  explicit Shared(uint32_t seed) : seed_(seed) {
    for (const std::string& text : kTexts) {
      Engine engine({});
      alone_.push_back(generate(engine, text).audio.samples);
    }
    Engine engine({});
    long_alone_ = engine.submit_long(request_for(kTexts[kLong]), {}).result().audio.samples;
    renew_engine(seed);
  }

  [[nodiscard]] const std::vector<float>& alone(size_t text) const { return alone_[text]; }
  [[nodiscard]] const std::vector<float>& long_alone() const { return long_alone_; }
  [[nodiscard]] uint32_t seed() const { return seed_; }

  [[nodiscard]] std::shared_ptr<Engine> engine() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return engine_;
  }
  // The old one goes with the last thread that calls it, under the jobs that it has.
  void renew_engine(uint32_t random) {
    EngineOptions options;
    options.mode = static_cast<Mode>(random % 3);
    options.max_batch = 1 + static_cast<int32_t>(random / 4 % 6);
    options.max_queue = 1 + static_cast<int32_t>(random / 32 % 16 * 4);
    if (random / 512 % 2 == 0) options.max_streams = 2;
    if (random / 1024 % 2 == 0) options.device = random / 2048 % 2 == 0 ? "cuda" : kFakeBatching;
    const auto engine = std::make_shared<Engine>(options);
    const std::lock_guard<std::mutex> lock(mutex_);
    old_ = std::exchange(engine_, engine);
  }
  void drop_engines() {
    engine_.reset();
    old_.reset();
  }

  void hold(size_t slot, std::shared_ptr<Held> held) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (held) told_.push_back(held->told);
    slots_[slot].swap(held);
  }
  [[nodiscard]] std::shared_ptr<Held> held(size_t slot) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return slots_[slot];
  }
  void set_voice(const Voice& voice) {
    const std::lock_guard<std::mutex> lock(mutex_);
    voice_ = voice;
  }
  [[nodiscard]] std::optional<Voice> voice() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return voice_;
  }
  [[nodiscard]] const std::vector<std::shared_ptr<Told>>& told() const { return told_; }

 private:
  const uint32_t seed_;
  std::vector<std::vector<float>> alone_;
  std::vector<float> long_alone_;
  std::mutex mutex_;
  std::shared_ptr<Engine> engine_, old_;
  std::array<std::shared_ptr<Held>, kSlots> slots_;
  std::optional<Voice> voice_;
  std::vector<std::shared_ptr<Told>> told_;
};

// What a call may end with, whatever the others do.
bool may_be(Status status) {
  return status == Status::kBusy || status == Status::kCancelled ||
         status == Status::kDeadlineExceeded;
}

class Caller {
 public:
  Caller(Shared& shared, uint32_t number) : shared_(shared), random_(shared.seed() + number) {}

  void run(int operations) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      const std::shared_ptr<Engine> engine = shared_.engine();
      try {
        act(*engine);
      } catch (const Error& error) {
        EXPECT_TRUE(may_be(error.status())) << error.what();
      }
    }
  }

 private:
  uint32_t below(uint32_t limit) { return random_() % limit; }
  std::shared_ptr<Held> any() { return shared_.held(below(kSlots)); }

  void act(Engine& engine) {
    const uint32_t what = below(100);
    if (what < 30) return submit(engine);
    if (what < 55) return read();
    if (what < 62) return feed();
    if (what < 70) return cancel();
    if (what < 78) return wait();
    if (what < 86) return shared_.hold(below(kSlots), nullptr);
    if (what < 93) return ask(engine);
    if (what < 97) return make_voice(engine);
    if (what < 98) return batch(engine);
    if (below(4) == 0) return engine.cancel_all();
    if (below(4) == 0) return renew(engine);
  }

  void submit(Engine& engine) {
    const auto told = std::make_shared<Told>();
    switch (below(8)) {
      case 0:
        return keep(convert(engine, told), told, nullptr, false);
      case 1:
        return keep(engine.open(request(told), {}), told, nullptr, false);
      case 2: {
        Request asked = request(told);
        asked.text = kTexts[kLong];
        const bool is_read = asked.stream != StreamMode::kNone && !asked.on_audio;
        return keep(engine.submit_long(asked, {}), told,
                    asked.voice ? nullptr : &shared_.long_alone(), is_read);
      }
      default: {
        const size_t text = below(kTexts.size());
        Request asked = request(told);
        asked.text = kTexts[text];
        const bool is_read = asked.stream != StreamMode::kNone && !asked.on_audio;
        return keep(engine.submit(asked), told, asked.voice ? nullptr : &shared_.alone(text),
                    is_read);
      }
    }
  }

  Request request(const std::shared_ptr<Told>& told) {
    Request request = request_for("");
    set_job(request, told);
    request.priority = static_cast<int32_t>(below(3)) - 1;
    request.client = below(3);
    if (below(8) == 0) request.voice = shared_.voice();
    return request;
  }

  void set_job(JobOptions& options, const std::shared_ptr<Told>& told) {
    options.stream = static_cast<StreamMode>(below(3));
    options.stream_options.chunks = {6 + static_cast<int32_t>(below(10))};
    if (below(10) == 0) options.deadline = std::chrono::milliseconds(1 + below(5));
    if (below(2) == 0) options.wait_for_room = std::chrono::milliseconds(below(6));
    if (below(3) == 0) options.on_progress = [told](const Progress&) { told->call(); };
    options.on_done = [told](Status) { ++told->ends; };
    if (below(6) != 0) return;
    options.on_audio = [told, left = 1 + below(6)](const float*, size_t) mutable {
      told->call();
      return --left != 0;
    };
  }

  Job convert(Engine& engine, const std::shared_ptr<Told>& told) {
    Conversion conversion = conversion_of(2400 + below(24000));
    set_job(conversion, told);
    if (conversion.stream == StreamMode::kPieces) conversion.stream = StreamMode::kNone;
    return engine.submit(conversion);
  }

  void keep(Job job, const std::shared_ptr<Told>& told, const std::vector<float>* whole,
            bool is_read) {
    const auto held = std::make_shared<Held>(std::move(job), told);
    held->whole = whole;
    held->is_read = is_read;
    shared_.hold(below(kSlots), held);
  }

  void read() {
    const std::shared_ptr<Held> held = any();
    if (!held || !held->is_read) return;
    const std::unique_lock<std::mutex> lock(held->reading, std::try_to_lock);
    if (!lock || held->ended) return;
    Chunk chunk;
    try {
      const Job::Next next = held->job.next(std::chrono::milliseconds(below(3)), chunk);
      held->ended = next == Job::Next::kEnd;
      if (held->ended && held->whole != nullptr) {
        EXPECT_EQ(held->read, *held->whole);
      }
      if (next != Job::Next::kChunk) return;
      EXPECT_EQ(chunk.first, static_cast<int64_t>(held->read.size()));
      held->read.insert(held->read.end(), chunk.samples.begin(), chunk.samples.end());
    } catch (const Error&) {
      held->ended = true;
      throw;
    }
  }

  void feed() {
    const std::shared_ptr<Held> held = any();
    if (!held || !held->job.state()->waits_for_text()) return;
    try {
      held->job.feed(kTexts[below(kTexts.size())] + " ");
      if (below(3) == 0) held->job.flush();
      if (below(3) == 0) held->job.end();
    } catch (const Error& error) {  // another thread has ended it
      EXPECT_TRUE(may_be(error.status()) || error.status() == Status::kInvalidArgument);
    }
  }

  void cancel() {
    if (const std::shared_ptr<Held> held = any()) held->job.cancel();
  }

  void wait() {
    std::vector<Job> jobs;
    for (uint32_t i = 1 + below(3); i > 0; --i) {
      if (const std::shared_ptr<Held> held = any()) jobs.push_back(held->job);
    }
    if (jobs.empty()) return;
    if (jobs.size() > 1) return (void)wait_any(jobs, std::chrono::milliseconds(below(3)));
    if (!jobs.front().wait(std::chrono::milliseconds(below(3)))) return;
    EXPECT_TRUE(jobs.front().done());
    if (!jobs.front().failure()) (void)jobs.front().result();
  }

  void ask(Engine& engine) {
    const Metrics metrics = engine.metrics();
    EXPECT_GE(metrics.rows_in_use, 0);
    EXPECT_LE(metrics.rows_in_use, engine.limits().rows);
    EXPECT_GT(engine.count_tokens("Hello.", "", false), 0);
    const std::shared_ptr<Held> held = any();
    EXPECT_GE(held ? held->job.heard().samples : 0, 0);
  }

  void make_voice(Engine& engine) { shared_.set_voice(engine.make_voice(recording(), {})); }

  void batch(Engine& engine) {
    for (const Outcome& outcome :
         engine.generate_batch({request_for(kTexts[0]), request_for(kTexts[1])})) {
      if (outcome.failure) {
        EXPECT_TRUE(may_be(outcome.failure->status)) << outcome.failure->message;
      }
    }
  }

  void renew(Engine& engine) {
    if (below(2) == 0) (void)engine.drain(std::chrono::milliseconds(below(20)));
    shared_.renew_engine(random_());
  }

  Shared& shared_;
  std::mt19937 random_;
};

int number_of(const char* variable, int otherwise) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? otherwise : std::atoi(value);
}

TEST(RandomDriver, ThirtyTwoThreads) {
  const int operations = number_of("CHATTERBOX_DRIVER_OPERATIONS", 12800);
  static uint32_t repeated = 0;  // which takes the next seed each time
  const uint32_t seed = static_cast<uint32_t>(number_of("CHATTERBOX_DRIVER_SEED", 1)) + repeated++;
  std::cout << operations << " operations, seed " << seed << std::endl;
  Shared shared(seed);
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(
        [&shared, i, operations] { Caller(shared, i).run(operations / kThreads); });
  }
  for (std::thread& thread : threads) thread.join();
  shared.drop_engines();
  for (size_t slot = 0; slot < kSlots; ++slot) {
    const std::shared_ptr<Held> held = shared.held(slot);
    EXPECT_TRUE(!held || held->job.done()) << slot;
  }
  EXPECT_GT(shared.told().size(), static_cast<size_t>(operations) / 50);
  for (const auto& told : shared.told()) {
    EXPECT_EQ(told->ends, 1);
    EXPECT_FALSE(told->late);
  }
  EXPECT_EQ(fake_models(), 0);
  EXPECT_EQ(fake_breaches(), 0);
  std::cout << shared.told().size() << " jobs, each with one end" << std::endl;
}

}  // namespace
}  // namespace chatterbox
