// A request as the models see it: validated, complete, with a voice and a seed. Torch-free.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/audio.h"
#include "support/tensor_sink.h"
#include "t3/block_options.h"
#include "t3/quality.h"
#include "text/words.h"
#include "voice/conditionals.h"
#include "voice/voice_recipe.h"

namespace chatterbox {

enum class FinishReason : int32_t {
  kEos = 0,        // the model said that it is done
  kMaxTokens = 1,  // max_new_tokens reached: the speech may be cut short
};

// When a word of the text is spoken.
struct Word {
  size_t text_begin = 0, text_end = 0;  // its bytes in the whole text
  double begin = 0, end = 0;            // seconds of the speech
};

}  // namespace chatterbox

namespace chatterbox::runtime {

enum class TaskKind {
  kSpeech,      // text to speech
  kConversion,  // the tokens are those of `source`: of what follows it, it has voice, seed,
                // cfm_steps, cfg_steps and sink
  kVoice,       // a voice of `source`: of what follows it, it has normalise_loudness,
                // prompt_seconds and sink
};

// Where the flow's and the vocoder's noise of a request comes from.
enum class NoiseLayout : int32_t {
  kReference = 0,  // the request's generator, after T3's draws: as the reference's
  kByFrame = 1,    // a function of the seed and of the frame's or sample's place: what streams need
};

// How a request is spoken in chunks, while its tokens are drawn. All of it in speech tokens (40
// ms), and nothing of it by time, but for slack_tokens: without them the same seed gives the same
// sound on any machine.
struct StreamPlan {
  std::vector<int64_t> chunks = {12, 25, 50, 100};  // the last one again and again
  int64_t left_tokens = 50;                         // recomputed before a chunk and thrown away
  int64_t right_tokens = 6;      // seen after a chunk: 3, the encoder's look-ahead, to 13
  int64_t condition_tokens = 0;  // of the left ones, those whose mel is given as a condition
  // Besides, as many as come while the listener has enough to hear: the one thing that is by time.
  int64_t slack_tokens = 0;
  // The voice's prompt is computed once for a voice, without what follows it.
  bool frozen_prompt = false;
  bool exact_halo = true;  // of the vocoder and the watermark: equal to offline; or earlier
};

struct Task {
  TaskKind kind = TaskKind::kSpeech;
  std::string text;
  std::string language;  // lower case; empty where none was given
  bool text_tags = false;
  bool normalise = true;          // no matter to a family that does it always
  std::vector<int64_t> text_ids;  // of the text, by ModelCatalog::encode(); without start and stop
  // As voice::heard_for_conversion() or heard_for_voice() makes it.
  std::shared_ptr<const Audio> source;
  bool normalise_loudness = true;
  double prompt_seconds = voice::kMaxPromptSeconds;
  std::shared_ptr<const voice::Conditionals> voice;
  uint64_t seed = 0;
  float temperature = 0, cfg_weight = 0, exaggeration = 0, min_p = 0, top_p = 1,
        repetition_penalty = 1;
  int64_t top_k = 0;
  int64_t max_new_tokens = 0;  // see ModelCatalog::token_budget()
  t3::BlockOptions blocks = {};
  int64_t cfm_steps = 0;
  int64_t cfg_steps = 0;  // of these, the first ones with guidance; 0 of a mean flow
  bool analyze_alignment = false;
  bool word_times = false;
  std::vector<text::TextWord> words;  // with word_times, in the places of the whole text
  NoiseLayout noise = NoiseLayout::kReference;
  std::optional<StreamPlan> stream = {};  // with it, `noise` is kByFrame
  TensorSink sink;
};

struct TokenStats {
  int64_t text_tokens = 0;
  int64_t speech_tokens = 0;
  int64_t decode_steps = 0;
  FinishReason finish_reason = FinishReason::kEos;
  double text_seconds = 0, prefill_seconds = 0;
  Quality quality;  // what the tokens tell
  // With word_times: those whose end is known, in order; of a stream they grow before the rest is
  // there.
  std::vector<Word> words = {};
};

}  // namespace chatterbox::runtime
