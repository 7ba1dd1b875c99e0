// The machines that run a loaded model: T3 on one thread, S3Gen on the same or on another.
// Torch-free, so that queues, scheduling, cancellation, the C ABI and every error path are built
// and tested (under sanitizers too) with another implementation.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/model_catalog.h"
#include "runtime/task.h"
#include "support/log.h"

namespace chatterbox::runtime {

struct PrefixStats {
  int64_t hits = 0, misses = 0, positions_saved = 0;
};

// What S3Gen needs of one utterance: its tokens, its voice, its random numbers. Belongs to one
// thread at a time; goes from T3's to S3Gen's as a whole.
class Utterance {
 public:
  virtual ~Utterance() = default;
  [[nodiscard]] virtual const TokenStats& stats() const = 0;
  [[nodiscard]] virtual int64_t frames() const = 0;  // of the mel, with the prompt's
  [[nodiscard]] virtual int64_t cfm_steps() const = 0;
  [[nodiscard]] virtual int64_t cfg_steps() const = 0;
  // Of speech tokens that it has so far; of a stream they grow.
  [[nodiscard]] virtual int64_t tokens() const = 0;
};

// A chunk of a stream: the speech tokens [begin, end), computed with those up to `seen`.
struct ChunkRange {
  int64_t begin = 0, end = 0, seen = 0;
  bool ends = false;  // `seen` is the end of the speech: nothing is looked for behind it
  bool last = false;  // `end` is: all that is left leaves with this chunk
};

// S3Gen. Of one thread, which calls enter() first and leave() last.
class SpeechExecutor {
 public:
  virtual ~SpeechExecutor() = default;

  virtual void enter() = 0;           // thread count, inference mode, stream
  virtual void leave() noexcept = 0;  // also where enter() threw

  // Utterances of the same cfm_steps and cfg_steps. flow() and vocode() may be called again with
  // some of them, also after they threw, and give the same again. `before_step` runs before each
  // Euler step and may throw.
  virtual void flow(const std::vector<Utterance*>& batch,
                    const std::function<void(int64_t)>& before_step) = 0;
  // One wave an utterance, 24 kHz.
  [[nodiscard]] virtual std::vector<std::vector<float>> vocode(
      const std::vector<Utterance*>& batch) = 0;
  // The next chunk of an utterance that streams, in order: all samples that are final now, with the
  // watermark where the model has one. Where it throws, the stream is over.
  [[nodiscard]] virtual std::vector<float> speak_chunk(
      Utterance& utterance, const ChunkRange& chunk,
      const std::function<void(int64_t)>& before_step) = 0;
  // The wave with the watermark, where the model has one.
  [[nodiscard]] virtual std::vector<float> add_watermark(std::vector<float> wave) = 0;
};

// T3, and what else is done in parts: reading a conversion's source, making a voice. Of one
// thread, which calls enter() first and leave() last. Sequences are named by the ids that begin()
// returns. An exception ends the sequence that was worked on; kDeviceLost: nothing will ever work
// again.
class TokenExecutor {
 public:
  virtual ~TokenExecutor() = default;

  virtual void enter() = 0;
  virtual void leave() noexcept = 0;  // also where enter() threw

  // Takes the task's KV rows, which must be free.
  [[nodiscard]] virtual int64_t begin(const Task& task) = 0;
  // The next part of a sequence's prefill, of the reading of a source, or of the making of a voice,
  // so short that others may wait for it. Whether it was the last; then speech takes part in
  // step(), and the others have generated.
  [[nodiscard]] virtual bool prefill(int64_t id) = 0;
  // One decode step for every sequence that still draws. What concerns one sequence ends that one
  // alone: it has generated, and collect() throws. Where step() throws, all have failed.
  virtual void step() = 0;
  [[nodiscard]] virtual bool generated(int64_t id) const = 0;
  // Tokens drawn so far.
  [[nodiscard]] virtual int64_t drawn(int64_t id) const = 0;

  // Once, for speech or a conversion that has generated: what S3Gen needs. Ends the sequence, also
  // where it throws what ended it.
  [[nodiscard]] virtual std::unique_ptr<Utterance> collect(int64_t id) = 0;
  // For speech or a conversion that streams, instead of collect(): its utterance, without tokens
  // yet, once its prefill is done; ...
  [[nodiscard]] virtual std::unique_ptr<Utterance> open(int64_t id) = 0;
  // ... and what has been drawn since, handed to that utterance. Once it has generated, stats() are
  // complete, and throws what ended it; end() is to follow.
  virtual void extend(int64_t id, Utterance& utterance) = 0;
  // As collect(), for a voice.
  [[nodiscard]] virtual voice::Conditionals collect_voice(int64_t id) = 0;
  // Ends a sequence in any state: frees its rows and all that it holds.
  virtual void end(int64_t id) noexcept = 0;

  [[nodiscard]] virtual PrefixStats prefix_stats() const = 0;
};

// A loaded model: what any thread may ask, and the two machines.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual const ModelCatalog& catalog() const = 0;
  [[nodiscard]] virtual TokenExecutor& tokens() = 0;
  [[nodiscard]] virtual SpeechExecutor& speech() = 0;
  // The clock that jobs are timed with, of any thread. A test's model may have one of its own.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const {
    return std::chrono::steady_clock::now();
  }
};

// Loads the models that `options` name. `log`: for what makes them slow, and fails nothing. Linked
// in: the models' own (runtime/loaded_model.cpp), or a test's.
[[nodiscard]] std::unique_ptr<Model> load_model(const EngineOptions& options, const Log& log = {});

}  // namespace chatterbox::runtime
