// T3: text to speech tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "nn/weight_reader.h"
#include "support/log.h"
#include "support/tensor_sink.h"
#include "t3/block_options.h"
#include "t3/generation_state.h"
#include "t3/special_tokens.h"
#include "voice/conditionals.h"

namespace chatterbox::t3 {

class Model;  // immutable weights: conditioning encoder, backbone, embeddings, head

// Reads a whole T3 file of any family: its tensors tell which. `reader.finish()` is the caller's.
// `framing`: the tokenizer's, no matter to a family without. kBadModelFile: the model lacks its
// ids.
// `kv_cache`: the type of keys and values; unset: the placement's. Under a placement with int8 the
// backbone's linear layers are packed, and all else has the placement's type.
[[nodiscard]] std::shared_ptr<const Model> load_model(
    const nn::WeightReader& reader, TextFraming framing = {},
    std::optional<c10::ScalarType> kv_cache = std::nullopt);

// What a model can take, and what a request takes of it. Each part has its limit, and all parts
// together have max_positions.
struct Limits {
  int64_t text_vocabulary = 0;         // ids below this
  int64_t speech_vocabulary = 0;       // ids below this
  int64_t max_text_tokens = 0;         // with text_framing
  int64_t max_speech_tokens = 0;       // at most for max_new_tokens
  int64_t max_positions = 0;           // of a row
  int64_t prompt_tokens = 0;           // of a voice, at most
  int64_t conditioning_positions = 0;  // with as many
  int64_t text_framing = 0;            // start and stop of the text, where the family has them
  int64_t starts_of_speech = 0;
  int64_t kv_bytes_per_position = 0;
  SamplingFamily sampling = SamplingFamily::kGuided;

  // Whether a request may ask for guidance, which takes a second row.
  [[nodiscard]] bool guided() const { return sampling != SamplingFamily::kPlain; }
  // Whether that row lacks the text alone. Otherwise it lacks the voice, too.
  [[nodiscard]] bool guidance_keeps_voice() const { return sampling == SamplingFamily::kGuided; }
  // Whether it fills blocks of positions, and does not draw one token after the other.
  [[nodiscard]] bool fills_blocks() const { return sampling == SamplingFamily::kBlocks; }
  // What stands in positions that are not filled.
  [[nodiscard]] int64_t mask_id() const { return speech_vocabulary; }
  // Tokens that a sequence draws beyond max_new_tokens.
  [[nodiscard]] int64_t uncounted_tokens() const { return guided() ? 0 : 1; }
  // Positions of a row for speech. The last token is not fed back, but the last block is looked at.
  [[nodiscard]] int64_t speech_positions(int64_t max_new_tokens) const {
    return max_new_tokens + uncounted_tokens() - (fills_blocks() ? 0 : 1);
  }
  // Positions of a row for a text of so many ids, at most.
  [[nodiscard]] int64_t positions_needed(int64_t text_ids, int64_t max_new_tokens) const {
    return conditioning_positions + text_framing + text_ids + starts_of_speech +
           speech_positions(max_new_tokens);
  }
};
[[nodiscard]] Limits limits(const Model& model);

// Whether the model has the heads to analyze. Those of the official thresholds are for models of
// the official size.
[[nodiscard]] bool has_alignment_heads(const Model& model, const AlignmentHeads& heads);
// Throws kInvalidArgument that says what is missing.
void check_heads(const Model& model, const AlignmentHeads& heads);

struct SequenceOptions {
  std::vector<int64_t> text_ids;  // without start and stop
  const voice::Conditionals* voice = nullptr;
  float exaggeration = 0.5f;  // no matter to a family without emotion
  SamplingOptions sampling;
  BlockOptions blocks;  // no matter to a family without
  int64_t max_new_tokens = 1000;
  uint64_t seed = 0;
  // Watch the alignment to the text, and keep away or force the end of speech by it.
  std::optional<AlignmentThresholds> analyze;
  // Follow by these heads where in the text each token is. Changes no token. With `analyze`, they
  // are its heads.
  std::optional<AlignmentHeads> follow_text;
};

// What the prefix cache has done. Keys and values of a voice's conditioning, and of the row without
// a text, depend on voice and exaggeration alone: later sequences copy what an earlier one
// computed, with the same bits as if they had computed it.
struct PrefixCacheStats {
  int64_t hits = 0;             // sequences that found all they begin with
  int64_t misses = 0;           // those that had to compute some of it
  int64_t positions_saved = 0;  // that were found and not computed
  int64_t voices = 0;           // that are there (a voice with two exaggerations is two)
  int64_t bytes = 0;            // that they take
};

// How steps on a device are asked for. No matter on a CPU.
struct DeviceUse {
  int64_t graphs = std::numeric_limits<int64_t>::max();  // of kinds of steps, that are kept
  Log log = {};                                          // for what makes steps slow
};

// The decode loop's mutable half: the KV cache and the generation state of all running sequences.
// One thread at a time.
class Decoder {
 public:
  // `rows`: KV rows (a sequence takes two with CFG, else one); `positions`: per row;
  // `prefix_bytes`: most that the prefix cache keeps. A voice takes Limits::kv_bytes_per_position
  // for each position of its conditioning, and with guidance for each of the longest text so far,
  // in steps of 64. 0: none is kept.
  Decoder(std::shared_ptr<const Model> model, int64_t rows, int64_t positions,
          int64_t prefix_bytes = 0, const DeviceUse& use = {});
  ~Decoder();

  // Takes rows for a sequence and returns its id; prefill() makes it run. Throws kBusy where too
  // few rows are free, kBadVoice, and kInvalidArgument where the sequence does not fit the
  // positions or asks for what the model has not. `sink` receives text.ids and t3.logits0 to 2 of
  // this sequence.
  int64_t add(const SequenceOptions& options, const TensorSink& sink = {});
  // Computes the next chunk of the sequence's prompt. True once the prompt is done: from then on
  // step() concerns it. After an exception it may be called again. On a device, the chunks of
  // others that wait for theirs are computed with it, so that their calls have less to do; and all
  // of them beside the steps, so that where others draw a prompt may be done some calls later.
  bool prefill(int64_t id);
  // add(), then prefill() to the end. After an exception the sequence is not there.
  int64_t start(const SequenceOptions& options, const TensorSink& sink = {});
  // Draws one token for every running sequence and feeds it back: one decode step for all. Where
  // the model fills blocks: one pass over the block that each is at. On a device most tokens are
  // known one call later, and a sequence's last call does nothing but read. A sequence whose logits
  // are not finite, or that fails alone, ends (Finish::kFailed); the others go on. What fails
  // together is tried again in halves, but not on a device that is lost: then step() throws.
  void step();
  [[nodiscard]] bool finished(int64_t id) const;
  // Tokens so far, those of an unfinished block, too; also where the sequence failed.
  [[nodiscard]] int64_t drawn(int64_t id) const;
  // Tokens so far, finish reason, the generator. Throws kInternal where the sequence failed.
  [[nodiscard]] const Generation& generation(int64_t id) const;
  [[nodiscard]] int64_t cache_bytes() const;  // of the KV cache, and what the prefix cache has
  [[nodiscard]] PrefixCacheStats prefix_stats() const;
  void remove(int64_t id);  // frees its rows; also in mid-flight

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatterbox::t3
