// What the engine needs from the models. Torch-free, so that queues, scheduling, cancellation, the
// C ABI and every error path are built and tested (under sanitizers too) with another
// implementation.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/tensor_sink.h"
#include "voice/conditionals.h"

namespace chatterbox::engine {

// A request or a conversion as the executor sees it: validated, with a voice and a seed.
struct Task {
  std::string text;
  std::string language;  // lower case; empty where none was given
  bool text_tags = false;
  // Of a conversion: its tokens are these samples', and of what follows it has the voice, the seed,
  // cfm_steps and the sink.
  std::shared_ptr<const Audio> source;
  std::shared_ptr<const voice::Conditionals> voice;
  uint64_t seed = 0;
  float temperature = 0, cfg_weight = 0, exaggeration = 0, min_p = 0, top_p = 1,
        repetition_penalty = 1;
  int64_t top_k = 0;
  int64_t max_new_tokens = 0;
  int64_t cfm_steps = 0;
  bool analyze_alignment = false;
  TensorSink sink;
};

struct TokenStats {
  int64_t text_tokens = 0;
  int64_t speech_tokens = 0;
  int64_t decode_steps = 0;
  FinishReason finish_reason = FinishReason::kEos;
  double text_seconds = 0, prefill_seconds = 0;
  Quality quality;  // what the tokens tell
};

// What the memory limit allows. See chatterbox::Capacity.
struct CacheLimits {
  int64_t rows = 0;
  int64_t positions = 0;  // of each row
  int64_t row_bytes = 0;
  int64_t batch_frames = 0;  // mel frames that S3Gen works on at a time
  int64_t prefix_bytes = 0;  // of what voices begin with
};

struct PrefixStats {
  int64_t hits = 0, misses = 0, positions_saved = 0;
};

// Sequences are named by the ids that begin() returns. All functions but those marked are called
// from the engine's worker thread; exceptions end the request (or the batch) that was being worked
// on. Where overlaps() says so, S3Gen has a thread of its own: then flow(), vocode(), mark(),
// stats() and end() are called from there, for sequences that were collected, while the worker
// thread works on others.
class Executor {
 public:
  virtual ~Executor() = default;

  // From any thread.
  [[nodiscard]] virtual EngineInfo info() const = 0;
  [[nodiscard]] virtual std::shared_ptr<const voice::Conditionals> default_voice()
      const = 0;  // may be null
  // One that the model ships; kNotFound lists those it has. From any thread.
  [[nodiscard]] virtual std::shared_ptr<const voice::Conditionals> named_voice(
      const std::string& name) const = 0;
  // What the family takes where a request does not say. From any thread.
  [[nodiscard]] virtual Request default_request() const = 0;
  [[nodiscard]] virtual CacheLimits limits() const = 0;  // from any thread
  // effective_mode() of its options. From any thread.
  [[nodiscard]] virtual Mode mode() const = 0;
  // KV rows that the task takes, at most as many as there are; none for a conversion. From any
  // thread.
  [[nodiscard]] virtual int64_t rows(const Task& task) const = 0;
  // Tokens of its text, with start and stop. From any thread.
  [[nodiscard]] virtual int64_t text_tokens(const Task& task) const = 0;
  // Of a piece of a long text: as many as are spoken in half a minute or less. From any thread.
  [[nodiscard]] virtual int64_t piece_tokens() const = 0;
  // Throws kInvalidArgument where the text has too many tokens, where no row is long enough, and
  // the like. From any thread.
  virtual void check(const Task& task) const = 0;

  // Once, on the worker thread, before anything else there: thread counts, inference mode.
  virtual void enter_worker() = 0;
  virtual void leave_worker() = 0;

  // Whether the device can run S3Gen beside T3. From any thread.
  [[nodiscard]] virtual bool overlaps() const = 0;
  // Once, on the speech thread, before and after anything else there. leave must not throw.
  virtual void enter_speech_thread() = 0;
  virtual void leave_speech_thread() = 0;

  // T3: takes the task's KV rows, which must be free.
  virtual int64_t begin(const Task& task) = 0;
  // The next part of a sequence's prefill, or of the tokens of a conversion's source, which is so
  // short that others may wait for it. Whether it was the last; then the sequence takes part in
  // step(), and a conversion has generated. Throws what ends the sequence.
  virtual bool prefill(int64_t id) = 0;
  [[nodiscard]] virtual PrefixStats prefix_stats() const = 0;
  // One decode step for every sequence that is still generating. What concerns one sequence ends
  // that one alone: it has generated, and collect() throws. Where step() throws, all have failed.
  virtual void step() = 0;
  [[nodiscard]] virtual bool generated(int64_t id) const = 0;
  // Once, for a sequence that has generated: takes its tokens and frees its KV rows. Returns the
  // mel frames that S3Gen will work on. Throws what ended the sequence.
  virtual int64_t collect(int64_t id) = 0;
  [[nodiscard]] virtual TokenStats stats(int64_t id) const = 0;

  // S3Gen, for sequences that were collected and have the same cfm_steps. Both may be called again
  // with some of the ids, also after they threw, and give the same again. `before_step` runs before
  // each Euler step and may throw.
  virtual void flow(const std::vector<int64_t>& ids,
                    const std::function<void(int64_t)>& before_step) = 0;
  // One wave a sequence, 24 kHz.
  virtual std::vector<std::vector<float>> vocode(const std::vector<int64_t>& ids) = 0;
  // The wave with the watermark, where there is one.
  [[nodiscard]] virtual std::vector<float> mark(std::vector<float> wave) = 0;
  // Frees what a sequence holds, in any state. Never throws.
  virtual void end(int64_t id) noexcept = 0;

  [[nodiscard]] virtual voice::Conditionals make_voice(const Audio& recording,
                                                       const VoiceOptions& options) = 0;
};

// Loads the models that `options` name. Linked in: the models' own (model_executor.cpp), or a
// test's.
[[nodiscard]] std::unique_ptr<Executor> make_executor(const EngineOptions& options);

}  // namespace chatterbox::engine
