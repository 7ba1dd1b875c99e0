#include "runtime/token_machine.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "nn/emit.h"
#include "runtime/speech_tokens.h"
#include "runtime/torch_errors.h"
#include "runtime/word_times.h"
#include "support/error.h"

namespace chatterbox::runtime {
namespace {

bool begins_with(const std::vector<int64_t>& tokens, const std::vector<int64_t>& first) {
  return first.size() <= tokens.size() && std::equal(first.begin(), first.end(), tokens.begin());
}

}  // namespace

void TokenMachine::enter() {
  models_->use_threads();
  inference_mode_ = std::make_unique<c10::InferenceMode>();
}

void TokenMachine::leave() noexcept {
  sequences_.clear();
  decoder_.reset();
  inference_mode_.reset();
}

t3::Decoder& TokenMachine::decoder() {
  if (!decoder_) {
    const CacheLimits limits = models_->limits();
    decoder_ =
        std::make_unique<t3::Decoder>(models_->t3(), limits.rows, limits.positions,
                                      limits.prefix_bytes, t3::DeviceUse{limits.graphs, log_});
  }
  return *decoder_;
}

TokenMachine::Sequence TokenMachine::start(const Task& task) {
  switch (task.kind) {
    case TaskKind::kConversion:
      return {task, voice::SourceReader(models_->voice_maker(), *task.source)};
    case TaskKind::kVoice: {
      voice::VoiceRecipe recipe = models_->traits().recipe;
      if (!task.normalise_loudness) recipe.normalise_loudness = false;
      recipe.s3gen_seconds = task.prompt_seconds;
      return {task, voice::VoiceRun(models_->voice_maker(), *task.source, recipe, task.sink)};
    }
    case TaskKind::kSpeech:
      break;
  }
  return {task, Decoding{decoder().add(models_->sequence_options(task), task.sink)}};
}

int64_t TokenMachine::begin(const Task& task) {
  return translate_torch_errors([&] {
    sequences_.emplace(next_id_, start(task));
    return next_id_++;
  });
}

bool TokenMachine::prefill(int64_t id) {
  return translate_torch_errors([&] {
    Sequence& sequence = sequences_.at(id);
    const auto start = std::chrono::steady_clock::now();
    bool done = false;
    if (const auto* decoding = std::get_if<Decoding>(&sequence.work)) {
      done = decoder_->prefill(decoding->id);
    } else {
      if (auto* source = std::get_if<voice::SourceReader>(&sequence.work)) done = source->next();
      if (auto* run = std::get_if<voice::VoiceRun>(&sequence.work)) done = run->next();
      sequence.read = done;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    sequence.prefill_seconds += elapsed.count();
    return done;
  });
}

void TokenMachine::step() {
  translate_torch_errors([&] {
    if (decoder_) decoder_->step();
  });
}

bool TokenMachine::generated(int64_t id) const {
  const Sequence& sequence = sequences_.at(id);
  const auto* decoding = std::get_if<Decoding>(&sequence.work);
  return decoding != nullptr ? decoder_->finished(decoding->id) : sequence.read;
}

int64_t TokenMachine::drawn(int64_t id) const {
  const auto* decoding = std::get_if<Decoding>(&sequences_.at(id).work);
  if (decoding == nullptr) return 0;
  return decoder_->drawn(decoding->id);
}

TokenMachine::Sequence TokenMachine::take(int64_t id) {
  return std::move(sequences_.extract(id).mapped());
}

std::unique_ptr<Utterance> TokenMachine::collect(int64_t id) {
  return translate_torch_errors([&]() -> std::unique_ptr<Utterance> {
    const Sequence sequence = take(id);
    // Its rows are free whatever comes of it.
    struct Removal {
      t3::Decoder* decoder;
      const Sequence& sequence;
      ~Removal() {
        if (const auto* decoding = std::get_if<Decoding>(&sequence.work)) {
          decoder->remove(decoding->id);
        }
      }
    } const removal{decoder_.get(), sequence};
    auto utterance = std::make_unique<ModelUtterance>(sequence.task);
    finish(sequence, *utterance);
    return utterance;
  });
}

std::unique_ptr<Utterance> TokenMachine::open(int64_t id) {
  return std::make_unique<ModelUtterance>(sequences_.at(id).task);
}

void TokenMachine::extend(int64_t id, Utterance& utterance) {
  translate_torch_errors([&] {
    // open() made it. NOLINTNEXTLINE(*-static-cast-downcast)
    auto& own = static_cast<ModelUtterance&>(utterance);
    const Sequence& sequence = sequences_.at(id);
    if (generated(id)) return finish(sequence, own);
    const auto* decoding = std::get_if<Decoding>(&sequence.work);
    if (decoding == nullptr) return;
    const t3::Generation& generation = decoder_->generation(decoding->id);
    own.speech_tokens = known_speech_tokens(generation.tokens, models_->s3gen_tokens());
    if (!sequence.task.word_times) return;
    const std::vector<int64_t> where = places(generation);
    own.set_words(
        words_so_far(sequence.task.words, {generation.tokens, where, models_->s3gen_tokens()}));
  });
}

// In the text's ids, which do not count its start.
std::vector<int64_t> TokenMachine::places(const t3::Generation& generation) const {
  const int64_t start = models_->t3_limits().text_framing / 2;
  std::vector<int64_t> places;
  for (const int64_t place : generation.places) places.push_back(place - start);
  return places;
}

void TokenMachine::finish(const Sequence& sequence, ModelUtterance& utterance) const {
  if (sequence.task.kind == TaskKind::kConversion) return finish_conversion(sequence, utterance);
  finish_speech(sequence, utterance);
}

void TokenMachine::finish_speech(const Sequence& sequence, ModelUtterance& utterance) const {
  const t3::Generation& generation = decoder_->generation(std::get<Decoding>(sequence.work).id);
  nn::emit(sequence.task.sink, "t3.tokens", at::tensor(generation.tokens, at::kLong));
  utterance.after_t3 = generation.generator;
  std::vector<int64_t> tokens =
      models_->traits().speech_tokens(generation.tokens, models_->s3gen_tokens());
  if (tokens.empty()) {
    fail(Status::kNoSpeech, "no speech: none of the {} drawn tokens is a speech token",
         generation.tokens.size());
  }
  // What a stream has spoken of cannot be taken back.
  if (begins_with(tokens, utterance.speech_tokens)) {
    utterance.speech_tokens = std::move(tokens);
  } else {
    utterance.speech_tokens = known_speech_tokens(generation.tokens, models_->s3gen_tokens());
  }
  TokenStats stats;
  stats.text_tokens =
      static_cast<int64_t>(sequence.task.text_ids.size()) + models_->t3_limits().text_framing;
  stats.speech_tokens = static_cast<int64_t>(generation.tokens.size());
  stats.decode_steps = generation.decode_steps;
  stats.finish_reason =
      generation.finish == t3::Finish::kEos ? FinishReason::kEos : FinishReason::kMaxTokens;
  stats.prefill_seconds = sequence.prefill_seconds;
  stats.quality = generation.quality;
  if (sequence.task.word_times) {
    const std::vector<int64_t> where = places(generation);
    stats.words =
        words_of_speech(sequence.task.words, {generation.tokens, where, models_->s3gen_tokens()},
                        utterance.tokens(), stats.finish_reason == FinishReason::kEos);
  }
  utterance.set_stats(std::move(stats));
}

// The tokens of a conversion are those of what it converts. There is nothing to draw, so the random
// numbers begin with the flow's.
void TokenMachine::finish_conversion(const Sequence& sequence, ModelUtterance& utterance) const {
  utterance.speech_tokens = std::get<voice::SourceReader>(sequence.work).tokens();
  if (const auto token = unknown_speech_token(utterance.speech_tokens, models_->s3gen_tokens())) {
    fail(Status::kBadModelFile, "{}: its tokenizer gives the speech token {}, its flow has {}",
         models_->s3gen_path(), *token, models_->s3gen_tokens());
  }
  const Task& task = sequence.task;
  nn::emit(task.sink, "vc.tokens", at::tensor(utterance.speech_tokens, at::kLong));
  utterance.after_t3 = at::make_generator<at::CPUGeneratorImpl>(task.seed);
  TokenStats stats;
  stats.speech_tokens = static_cast<int64_t>(utterance.speech_tokens.size());
  stats.prefill_seconds = sequence.prefill_seconds;
  utterance.set_stats(std::move(stats));
}

voice::Conditionals TokenMachine::collect_voice(int64_t id) {
  return std::get<voice::VoiceRun>(take(id).work).voice();
}

void TokenMachine::end(int64_t id) noexcept {
  const auto ended = sequences_.extract(id);
  if (!ended) return;
  if (const auto* decoding = std::get_if<Decoding>(&ended.mapped().work)) {
    decoder_->remove(decoding->id);
  }
}

PrefixStats TokenMachine::prefix_stats() const {
  if (!decoder_) return {};
  const t3::PrefixCacheStats stats = decoder_->prefix_stats();
  return {stats.hits, stats.misses, stats.positions_saved};
}

}  // namespace chatterbox::runtime
