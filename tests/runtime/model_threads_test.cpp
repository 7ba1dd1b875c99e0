// The machines as a device with streams uses them: S3Gen on a thread of its own while T3 draws
// tokens for others, with the hand-over of the engine's. What they give is what they give alone.
// Also built for ThreadSanitizer: see the preset tsan-models.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/machines.h"
#include "support/synthetic_folder.h"

namespace chatterbox::runtime {
namespace {

using testing::cpu_options;
using Wave = std::vector<float>;

EngineOptions options() {
  EngineOptions options = cpu_options(testing::synthetic_folder());
  options.threads = 1;
  options.max_batch = 3;
  return options;
}

Task task_of(const ModelCatalog& catalog, int index) {
  Task task;
  task.text = index % 2 == 0 ? "Hello." : "Others come and go.";
  task.text_ids = catalog.encode(task);
  task.voice = catalog.default_voice();
  task.seed = static_cast<uint64_t>(index);
  task.temperature = 5;  // does not end by itself
  task.cfg_weight = index % 3 == 0 ? 0 : 0.5F;
  task.max_new_tokens = 6 + index;
  task.cfm_steps = 2;
  return task;
}

// What T3's thread hands to S3Gen's: an utterance as a whole, at a time of its own.
class HandOver {
 public:
  struct Spoken {
    int index;
    std::unique_ptr<Utterance> utterance;
  };
  void put(Spoken spoken) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(spoken));
    changed_.notify_one();
  }
  void close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }
  std::optional<Spoken> take() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    Spoken first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Spoken> waiting_;
  bool closed_ = false;
};

// S3Gen's thread.
void speak_all(SpeechExecutor& speech, HandOver& hand_over, std::vector<Wave>& waves) {
  speech.enter();
  while (auto spoken = hand_over.take()) {
    speech.flow({spoken->utterance.get()}, [](int64_t) {});
    waves[static_cast<size_t>(spoken->index)] =
        speech.add_watermark(speech.vocode({spoken->utterance.get()}).front());
  }
  speech.leave();
}

struct Drawing {
  int index;
  int64_t id;
};

// Hands over those that have generated.
void collect(TokenExecutor& tokens, std::vector<Drawing>& drawing, HandOver& hand_over) {
  for (auto one = drawing.begin(); one != drawing.end();) {
    if (!tokens.generated(one->id)) {
      ++one;
      continue;
    }
    hand_over.put({one->index, tokens.collect(one->id)});
    one = drawing.erase(one);
  }
}

// T3's thread: up to three sequences at a time, as rows become free.
void draw_all(Model& model, int count, HandOver& hand_over) {
  constexpr size_t kTogether = 3;
  TokenExecutor& tokens = model.tokens();
  tokens.enter();
  std::vector<Drawing> drawing;
  for (int next = 0; next < count || !drawing.empty();) {
    if (next < count && drawing.size() < kTogether) {
      const int64_t id = tokens.begin(task_of(model.catalog(), next));
      while (!tokens.prefill(id)) continue;
      drawing.push_back({next++, id});
    }
    tokens.step();
    collect(tokens, drawing, hand_over);
  }
  hand_over.close();
  tokens.leave();
}

TEST(ModelThreads, WhatIsSpokenWhileOthersDrawIsAsAlone) {
  constexpr int kCount = 8;
  const std::unique_ptr<Model> model = load_model(options());
  std::vector<Wave> waves(kCount);
  HandOver hand_over;
  std::thread speech([&] { speak_all(model->speech(), hand_over, waves); });
  std::thread text([&] { draw_all(*model, kCount, hand_over); });
  // The catalogue answers any thread meanwhile.
  for (int i = 0; i < 20; ++i)
    EXPECT_NO_THROW(model->catalog().check(task_of(model->catalog(), i)));
  text.join();
  speech.join();

  testing::Machines alone(options());
  for (int i = 0; i < kCount; ++i) {
    EXPECT_FALSE(waves[static_cast<size_t>(i)].empty());
    EXPECT_EQ(waves[static_cast<size_t>(i)], alone.speak(task_of(alone.catalog(), i))) << i;
  }
}

}  // namespace
}  // namespace chatterbox::runtime
