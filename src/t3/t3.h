// T3: text to speech tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "nn/weight_reader.h"
#include "support/tensor_sink.h"
#include "t3/generation_state.h"
#include "voice/conditionals.h"

namespace chatterbox::t3 {

class Model;  // immutable weights: conditioning encoder, Llama backbone, embeddings, head

// Reads a whole t3_cfg file. `reader.finish()` is the caller's.
[[nodiscard]] std::shared_ptr<const Model> load_model(const nn::WeightReader& reader);

struct Limits {
  int64_t text_vocabulary = 0;    // ids below this
  int64_t max_text_tokens = 0;    // with start and stop
  int64_t max_speech_tokens = 0;  // positions that the learned table has
  int64_t kv_bytes_per_position = 0;
  int64_t prompt_tokens = 150;
};
[[nodiscard]] Limits limits(const Model& model);

// Throws kInvalidArgument where the model has not the heads to analyze.
void check_heads(const Model& model, const AlignmentThresholds& thresholds);

struct SequenceOptions {
  std::vector<int64_t> text_ids;  // without start and stop
  const voice::Conditionals* voice = nullptr;
  float exaggeration = 0.5f;
  SamplingOptions sampling;
  int64_t max_new_tokens = 1000;
  uint64_t seed = 0;
  // Watch the alignment to the text, and keep away or force the end of speech by it.
  std::optional<AlignmentThresholds> analyze;
};

// The decode loop's mutable half: the KV cache and the generation state of all running sequences.
// One thread at a time.
class Decoder {
 public:
  // `rows`: KV rows (a sequence takes two with CFG, else one); `positions`: per row.
  Decoder(std::shared_ptr<const Model> model, int64_t rows, int64_t positions);
  ~Decoder();

  // Takes rows, runs the prefill, and returns the sequence's id. Throws kBusy where no row is free,
  // and kInvalidArgument where the sequence does not fit the positions or the model has not the
  // heads to analyze. `sink` receives text.ids and t3.logits0 to 2 of this sequence.
  int64_t add(const SequenceOptions& options, const TensorSink& sink = {});
  // Draws one token for every running sequence and feeds it back: one decode step for all. A
  // sequence whose logits are not finite, or that fails alone, ends (Finish::kFailed); the others
  // go on. What fails together is tried again in halves.
  void step();
  [[nodiscard]] bool finished(int64_t id) const;
  // Tokens so far, finish reason, the generator. Throws kInternal where the sequence failed.
  [[nodiscard]] const Generation& generation(int64_t id) const;
  [[nodiscard]] int64_t cache_bytes() const;
  void remove(int64_t id);  // frees its rows; also in mid-flight

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatterbox::t3
