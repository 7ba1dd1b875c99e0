// The machines driven as the engine drives them for a stream: a chunk as soon as its tokens are
// drawn.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "runtime/machines.h"

namespace chatterbox::testing {

// One request that streams, step by step.
class Streamed {
 public:
  Streamed(Machines& machines, const runtime::Task& task)
      : machines_(machines),
        plan_(*task.stream),
        id_(machines.begin(task)),
        utterance_(machines.tokens().open(id_)) {}
  Streamed(const Streamed&) = delete;
  Streamed& operator=(const Streamed&) = delete;
  ~Streamed() { machines_.tokens().end(id_); }

  // After a decode step: speaks the chunks that can be spoken. Whether it is done.
  bool advance() {
    if (done_) return true;
    machines_.tokens().extend(id_, *utterance_);
    const bool generated = machines_.tokens().generated(id_);
    while (!done_ && speak_next(generated)) continue;
    return done_;
  }
  [[nodiscard]] const std::vector<float>& wave() const { return wave_; }
  [[nodiscard]] const std::vector<runtime::ChunkRange>& chunks() const { return chunks_; }
  [[nodiscard]] const runtime::Utterance& utterance() const { return *utterance_; }

 private:
  bool speak_next(bool generated) {
    constexpr int64_t kLeastLast = 6;
    const int64_t begin = chunks_.empty() ? 0 : chunks_.back().end;
    const int64_t size = plan_.chunks[std::min(chunks_.size(), plan_.chunks.size() - 1)];
    const int64_t known = utterance_->tokens();
    if (!generated && known < begin + size + std::max(plan_.right_tokens, kLeastLast)) return false;
    runtime::ChunkRange chunk;
    chunk.begin = begin;
    chunk.end = begin + size + kLeastLast > known ? known : begin + size;
    chunk.seen = std::min(known, chunk.end + plan_.right_tokens);
    chunk.ends = generated && chunk.seen == known;
    chunk.last = done_ = generated && chunk.end == known;
    const std::vector<float> samples =
        machines_.speech().speak_chunk(*utterance_, chunk, [](int64_t) {});
    wave_.insert(wave_.end(), samples.begin(), samples.end());
    chunks_.push_back(chunk);
    return true;
  }

  Machines& machines_;
  const runtime::StreamPlan plan_;
  const int64_t id_;
  const std::unique_ptr<runtime::Utterance> utterance_;
  std::vector<runtime::ChunkRange> chunks_;
  std::vector<float> wave_;
  bool done_ = false;
};

[[nodiscard]] inline runtime::Task streaming(runtime::Task task, const runtime::StreamPlan& plan) {
  task.noise = runtime::NoiseLayout::kByFrame;
  task.stream = plan;
  return task;
}

[[nodiscard]] inline std::vector<float> stream(Machines& machines, const runtime::Task& task) {
  Streamed one(machines, task);
  while (!one.advance()) machines.tokens().step();
  return one.wave();
}

}  // namespace chatterbox::testing
