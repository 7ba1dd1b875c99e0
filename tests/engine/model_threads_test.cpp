// The models' executor as a device with streams uses it: S3Gen on a thread of its own while T3
// draws tokens for others gives what it gives alone.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <chatterbox/chatterbox.hpp>
#include <thread>

#include "engine/model_executor.h"
#include "engine/task.h"

namespace chatterbox::engine {
namespace {

class ModelThreads : public ::testing::Test {
 protected:
  ModelThreads() : executor_(options()) { executor_.enter_worker(); }
  ~ModelThreads() override { executor_.leave_worker(); }

  static EngineOptions options() {
    EngineOptions options;
    options.model = "synthetic";
    options.device = "cpu";
    return options;
  }

  // Through with its prefill.
  int64_t begin(const std::string& text, int32_t tokens) {
    Request request;
    request.text = text;
    request.seed = 1;
    request.temperature = 5;  // does not end by itself
    request.min_p = 0;
    request.max_new_tokens = tokens;
    request.cfm_steps = 2;
    const int64_t id = executor_.begin(make_task(request, executor_));
    while (!executor_.prefill(id)) continue;
    return id;
  }

  void draw_all(int64_t id) {
    while (!executor_.generated(id)) executor_.step();
    (void)executor_.collect(id);
  }

  std::vector<float> speak(int64_t id) {
    executor_.flow({id}, [](int64_t) {});
    return executor_.vocode({id}).front();
  }

  ModelExecutor executor_;
};

TEST_F(ModelThreads, WhatIsSpokenWhileOthersDrawIsAsAlone) {
  const int64_t alone = begin("Hello.", 20);
  draw_all(alone);
  const std::vector<float> expected = speak(alone);
  executor_.end(alone);

  const int64_t spoken = begin("Hello.", 20);
  draw_all(spoken);
  std::vector<float> wave;
  std::thread speech([&] {
    const c10::InferenceMode inference_mode;
    wave = speak(spoken);
    executor_.end(spoken);
  });
  for (int i = 0; i < 5; ++i) {
    const int64_t other = begin("Others come and go.", 10);
    draw_all(other);
    executor_.end(other);
  }
  speech.join();
  EXPECT_EQ(wave, expected);
}

}  // namespace
}  // namespace chatterbox::engine
