// What the fake model is made of.
#pragma once

#include <atomic>
#include <map>
#include <thread>

#include "support/fake_executor.h"

namespace chatterbox::testing {

void call_hook(FakePoint point, const runtime::Task* task = nullptr, int64_t index = 0,
               const EngineOptions* options = nullptr);
void breach();
// Of virtual time, where there is one.
void pass_time(double seconds);
// splitmix64's finaliser: a good enough mix for noise that depends on everything put in.
[[nodiscard]] uint64_t mix(uint64_t value);
// As long as its samples last at the rate that the model says.
[[nodiscard]] double fake_tokens_per_second();
[[nodiscard]] int64_t fake_rows(const runtime::Task& task);

class FakeUtterance final : public runtime::Utterance {
 public:
  FakeUtterance(runtime::Task task, const runtime::TokenStats& stats, bool complete,
                std::atomic<int>& alive);
  ~FakeUtterance() override { --alive_; }
  FakeUtterance(const FakeUtterance&) = delete;
  FakeUtterance& operator=(const FakeUtterance&) = delete;

  [[nodiscard]] const runtime::TokenStats& stats() const override { return stats_; }
  [[nodiscard]] int64_t frames() const override { return 2 * stats_.speech_tokens; }
  [[nodiscard]] int64_t tokens() const override { return stats_.speech_tokens; }
  [[nodiscard]] int64_t cfm_steps() const override { return task_.cfm_steps; }
  [[nodiscard]] int64_t cfg_steps() const override { return task_.cfg_steps; }
  [[nodiscard]] const runtime::Task& task() const { return task_; }
  void extend(const runtime::TokenStats& stats, bool complete);
  [[nodiscard]] std::vector<float> speech() const { return speech(0, tokens()); }
  // Of the tokens [begin, end).
  [[nodiscard]] std::vector<float> speech(int64_t begin, int64_t end) const;
  // Checks that it is the next of its chunks, and that its tokens are there.
  void speak(const runtime::ChunkRange& chunk);

 private:
  const runtime::Task task_;
  runtime::TokenStats stats_;
  bool complete_;
  int64_t spoken_ = 0;  // tokens, of a stream
  std::atomic<int>& alive_;
};

// Checks that one thread enters first and leaves last.
class OneThread {
 public:
  void enter() { thread_ = std::this_thread::get_id(); }
  void check() const {
    if (std::this_thread::get_id() != thread_) breach();
  }
  void leave() {
    check();
    thread_ = {};
  }

 private:
  std::thread::id thread_;
};

class FakeTokenExecutor final : public runtime::TokenExecutor {
 public:
  explicit FakeTokenExecutor(int64_t rows) : rows_(rows) {}
  ~FakeTokenExecutor() override;

  void enter() override;
  void leave() noexcept override;
  [[nodiscard]] int64_t begin(const runtime::Task& task) override;
  [[nodiscard]] bool prefill(int64_t id) override;
  void step() override;
  [[nodiscard]] bool generated(int64_t id) const override;
  [[nodiscard]] int64_t drawn(int64_t id) const override;
  [[nodiscard]] std::unique_ptr<runtime::Utterance> collect(int64_t id) override;
  [[nodiscard]] std::unique_ptr<runtime::Utterance> open(int64_t id) override;
  void extend(int64_t id, runtime::Utterance& utterance) override;
  [[nodiscard]] voice::Conditionals collect_voice(int64_t id) override;
  void end(int64_t id) noexcept override;
  [[nodiscard]] runtime::PrefixStats prefix_stats() const override { return {next_id_, 2, 3}; }

 private:
  struct Sequence {
    runtime::Task task;
    int64_t parts = 0;  // of the prefill, all
    int64_t done = 0;   // of them
    int64_t tokens = 0;
    bool opened = false;  // its utterance is S3Gen's already
  };

  [[nodiscard]] Sequence& sequence(int64_t id);
  [[nodiscard]] const Sequence& sequence(int64_t id) const;
  [[nodiscard]] Sequence take(int64_t id);

  const int64_t rows_;
  OneThread thread_;
  std::map<int64_t, Sequence> sequences_;
  int64_t next_id_ = 1;
  std::atomic<int> utterances_{0};  // alive
};

class FakeSpeechExecutor final : public runtime::SpeechExecutor {
 public:
  void enter() override;
  void leave() noexcept override { thread_.leave(); }
  void flow(const std::vector<runtime::Utterance*>& batch,
            const std::function<void(int64_t)>& before_step) override;
  [[nodiscard]] std::vector<std::vector<float>> vocode(
      const std::vector<runtime::Utterance*>& batch) override;
  [[nodiscard]] std::vector<float> speak_chunk(
      runtime::Utterance& utterance, const runtime::ChunkRange& chunk,
      const std::function<void(int64_t)>& before_step) override;
  [[nodiscard]] std::vector<float> add_watermark(std::vector<float> wave) override;

 private:
  OneThread thread_;
};

}  // namespace chatterbox::testing
