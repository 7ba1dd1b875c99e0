#include "engine/model_executor.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/device.h"
#include "engine/memory_plan.h"
#include "engine/mode.h"
#include "engine/speech_tokens.h"
#include "engine/torch_errors.h"
#include "engine/watermark.h"
#include "nn/emit.h"
#include "nn/weight_reader.h"
#include "support/error.h"
#include "text/languages.h"

namespace chatterbox::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr int64_t kRowsWithGuidance = 2;  // conditional and unconditional
constexpr int64_t kFramesPerToken = 2;
constexpr size_t kSamplesPerToken = 960;
constexpr int64_t kMaxNewTokens = 4096;  // of chatterbox::Request
constexpr const char* kEnglish = "en";   // the language of families that ask for none
// The other half of what is free is for the rest of the machine, or for a second engine.
constexpr int64_t kDefaultPartOfFree = 2;

// Elements and bytes of the floating-point tensors of a checkpoint file.
void add_size(const checkpoint::TensorFile& file, const nn::Placement& placement,
              EngineInfo& info) {
  for (const checkpoint::TensorEntry& entry : file.entries()) {
    const auto elements = static_cast<int64_t>(entry.bytes / checkpoint::item_size(entry.dtype));
    info.parameters += elements;
    info.weight_bytes += elements * static_cast<int64_t>(c10::elementSize(placement.dtype));
  }
}

t3::AlignmentThresholds alignment_thresholds(const Task& task) {
  return t3::alignment_thresholds(task.language.empty() ? kEnglish : task.language);
}

// Of the official size, which the thresholds are for.
bool has_heads(const t3::Model& model) {
  try {
    t3::check_heads(model, t3::alignment_thresholds(kEnglish));
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

ModelExecutor::ModelExecutor(const EngineOptions& options) : options_(options) {
  const auto start = Clock::now();
  placement_ = choose_placement(options);
  options_.mode = effective_mode(options, placement_.device.is_cpu());
  files_ = open_model(options.model, options.family);
  load_models();
  check_models();
  cache_limits_ = plan_cache();
  describe();
  info_.load_seconds = seconds_since(start);
}

void ModelExecutor::load_models() {
  const c10::InferenceMode inference_mode;
  const nn::WeightReader t3(files_.t3, placement_);
  t3_ = t3::load_model(t3, text_framing(*files_.tokenizer));
  t3.finish();
  t3_limits_ = t3::limits(*t3_);

  const nn::WeightReader s3gen(files_.s3gen, placement_);
  const nn::WeightReader voice_encoder(files_.voice_encoder, placement_);
  flow_ = s3gen::load_flow(s3gen);
  s3gen_tokens_ = s3gen::speech_tokens(*flow_);
  vocoder_ = s3gen::load_vocoder(s3gen);
  voice_maker_ = voice::load_voice_maker(voice_encoder, s3gen);
  s3gen.finish();
  voice_encoder.finish();
  watermark_ = load_watermark(options_, files_.folder, placement_);
}

// Files under each other's names, or of different models, load, but do not work together.
void ModelExecutor::check_models() const {
  const bool turbo = files_.traits.kind == Kind::kTurbo;
  if (t3_limits_.guided() == turbo) {
    fail(Status::kBadModelFile, "{}: not a T3 of the family {}", files_.t3->path(),
         files_.traits.name);
  }
  if (s3gen::meanflow(*flow_) != turbo) {
    fail(Status::kBadModelFile, "{}: not an S3Gen of the family {}", files_.s3gen->path(),
         files_.traits.name);
  }
  if (files_.tokenizer->vocabulary_size() > t3_limits_.text_vocabulary) {
    fail(Status::kBadModelFile, "model {}: the tokenizer has {} ids, the text embedding of T3 {}",
         options_.model, files_.tokenizer->vocabulary_size(), t3_limits_.text_vocabulary);
  }
}

void ModelExecutor::describe() {
  info_.family = files_.traits.name;
  info_.model = options_.model;
  info_.device = placement_.device.str();
  info_.precision = precision_name(placement_.dtype);
  info_.max_text_tokens = t3_limits_.max_text_tokens;
  info_.kv_bytes_per_position = t3_limits_.kv_bytes_per_position;
  info_.has_default_voice = files_.default_voice != nullptr;
  info_.watermark = watermark_ != nullptr;
  if (files_.by_language) {
    for (const Language& language : text::languages()) {
      info_.languages.emplace_back(language.code);
    }
  }
  for (const auto& file : {files_.t3, files_.s3gen, files_.voice_encoder}) {
    add_size(*file, placement_, info_);
  }
  default_request_ = engine::default_request(files_.traits);
  default_request_.analyze_alignment = default_request_.analyze_alignment && has_heads(*t3_);
}

CacheLimits ModelExecutor::plan_cache() const {
  const int64_t limit = options_.memory_limit > 0
                            ? options_.memory_limit
                            : free_bytes(placement_.device) / kDefaultPartOfFree;
  const int64_t requests = options_.mode == Mode::kSequential ? 1 : options_.max_batch;
  const int64_t speech = std::min(t3_limits_.max_speech_tokens, kMaxNewTokens);
  const int64_t text = t3_limits_.max_text_tokens - t3_limits_.text_framing;
  const int64_t positions =
      std::min(t3_limits_.positions_needed(text, speech), t3_limits_.max_positions);
  const int64_t rows = t3_limits_.guided() ? kRowsWithGuidance : 1;
  return plan_memory(limit, {t3_limits_.kv_bytes_per_position, positions, requests * rows});
}

std::shared_ptr<const voice::Conditionals> ModelExecutor::default_voice() const {
  return files_.default_voice;
}

std::shared_ptr<const voice::Conditionals> ModelExecutor::named_voice(
    const std::string& name) const {
  return open_voice(files_, name);
}

std::vector<int64_t> ModelExecutor::text_ids(const Task& task) const {
  text::TextOptions options;
  options.tags = task.text_tags;
  return files_.tokenizer->encode(task.text, task.language, options);
}

int64_t ModelExecutor::text_tokens(const Task& task) const {
  return static_cast<int64_t>(text_ids(task).size()) + t3_limits_.text_framing;
}

int64_t ModelExecutor::rows(const Task& task) const {
  if (task.source) return 0;
  return t3_limits_.guided() && task.cfg_weight != 0 ? kRowsWithGuidance : 1;
}

// A token of GPT-2's tokenizer is a word, or most of one; of the others, two or three letters.
int64_t ModelExecutor::piece_tokens() const {
  constexpr int64_t kWords = 80, kLetters = 160;
  return std::min(t3_limits_.guided() ? kLetters : kWords, t3_limits_.max_text_tokens);
}

void ModelExecutor::check(const Task& task) const {
  check_voice(*task.voice);
  if (task.source) return;
  check_family(task);
  check_size(task);
}

// One of another model may know tokens that this one's S3Gen does not.
void ModelExecutor::check_voice(const voice::Conditionals& voice) const {
  if (const auto token = unknown_speech_token(voice.s3gen_tokens, s3gen_tokens_)) {
    fail(Status::kBadVoice,
         "the voice has the speech token {}, this model's are below {}: make it with this model",
         *token, s3gen_tokens_);
  }
}

// What a family has not.
void ModelExecutor::check_family(const Task& task) const {
  if (files_.traits.kind != Kind::kTurbo && task.top_k != 0) {
    fail(Status::kInvalidArgument, "top_k must be 0 for a model of the family {}, got {}",
         files_.traits.name, task.top_k);
  }
  if (task.analyze_alignment) t3::check_heads(*t3_, alignment_thresholds(task));
  const auto prompt = static_cast<int64_t>(task.voice->prompt_tokens.size());
  if (prompt > t3_limits_.prompt_tokens) {
    fail(Status::kBadVoice,
         "the voice has {} prompt tokens, a model of the family {} takes {}: make it with that "
         "model",
         prompt, files_.traits.name, t3_limits_.prompt_tokens);
  }
}

void ModelExecutor::check_size(const Task& task) const {
  const int64_t tokens = text_tokens(task);
  if (tokens > t3_limits_.max_text_tokens) {
    fail(Status::kInvalidArgument, "text has {} tokens{}, the limit is {}", tokens,
         t3_limits_.text_framing > 0 ? " with start and stop" : "", t3_limits_.max_text_tokens);
  }
  if (task.max_new_tokens > t3_limits_.max_speech_tokens) {
    fail(Status::kInvalidArgument, "max_new_tokens must be at most {} for this model, got {}",
         t3_limits_.max_speech_tokens, task.max_new_tokens);
  }
  const int64_t needed =
      t3_limits_.positions_needed(tokens - t3_limits_.text_framing, task.max_new_tokens);
  if (needed > t3_limits_.max_positions) {
    fail(Status::kInvalidArgument,
         "the request needs {} positions ({} for its text, {} for max_new_tokens), the model has "
         "{}",
         needed, tokens, task.max_new_tokens, t3_limits_.max_positions);
  }
  if (needed > cache_limits_.positions) {
    fail(Status::kInvalidArgument,
         "the request needs {} positions of the KV cache ({} for its text, {} for max_new_tokens), "
         "which has {} rows of {}: raise memory_limit, or lower max_batch",
         needed, tokens, task.max_new_tokens, cache_limits_.rows, cache_limits_.positions);
  }
}

// OpenMP keeps it for each thread.
void ModelExecutor::use_threads() const {
  const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(options_.threads > 0 ? options_.threads : cores);
}

void ModelExecutor::enter_worker() {
  use_threads();
  inference_mode_ = std::make_unique<c10::InferenceMode>();
}

void ModelExecutor::leave_worker() {
  sequences_.clear();
  decoder_.reset();
  inference_mode_.reset();
}

void ModelExecutor::enter_speech_thread() {
  translate_torch_errors([&] { use_own_stream(placement_.device); });
  use_threads();
  speech_inference_mode_ = std::make_unique<c10::InferenceMode>();
}

void ModelExecutor::leave_speech_thread() { speech_inference_mode_.reset(); }

t3::SequenceOptions ModelExecutor::sequence_options(const Task& task) const {
  t3::SequenceOptions sequence;
  sequence.text_ids = text_ids(task);
  sequence.voice = task.voice.get();
  sequence.exaggeration = task.exaggeration;
  sequence.sampling.temperature = task.temperature;
  // The other families have neither, and ignore what a request says.
  sequence.sampling.cfg_weight = t3_limits_.guided() ? task.cfg_weight : 0;
  sequence.sampling.min_p = t3_limits_.guided() ? task.min_p : 0;
  sequence.sampling.top_p = task.top_p;
  sequence.sampling.top_k = task.top_k;
  sequence.sampling.repetition_penalty = task.repetition_penalty;
  sequence.max_new_tokens = task.max_new_tokens;
  sequence.seed = task.seed;
  if (task.analyze_alignment) sequence.analyze = alignment_thresholds(task);
  return sequence;
}

int64_t ModelExecutor::begin(const Task& task) {
  return translate_torch_errors([&] {
    Sequence added;
    added.task = task;
    if (task.source) {
      added.source.emplace(*voice_maker_, *task.source);
    } else {
      const auto start = Clock::now();
      const t3::SequenceOptions sequence = sequence_options(task);
      added.stats.text_tokens =
          static_cast<int64_t>(sequence.text_ids.size()) + t3_limits_.text_framing;
      added.stats.text_seconds = seconds_since(start);
      if (!decoder_) {
        decoder_ = std::make_unique<t3::Decoder>(t3_, cache_limits_.rows, cache_limits_.positions,
                                                 cache_limits_.prefix_bytes);
      }
      added.decoding = decoder_->add(sequence, task.sink);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    sequences_.emplace(next_id_, std::move(added));
    return next_id_++;
  });
}

// The tokens of a conversion are those of what it converts. There is nothing to draw, so the
// random numbers begin with the flow's.
bool ModelExecutor::read_source(Sequence& row) const {
  if (!row.source->next(*voice_maker_)) return false;
  row.speech_tokens = row.source->tokens();
  row.source.reset();
  if (const auto token = unknown_speech_token(row.speech_tokens, s3gen_tokens_)) {
    fail(Status::kBadModelFile, "{}: its tokenizer gives the speech token {}, its flow has {}",
         files_.s3gen->path(), *token, s3gen_tokens_);
  }
  nn::emit(row.task.sink, "vc.tokens", at::tensor(row.speech_tokens, at::kLong));
  row.after_t3 = at::make_generator<at::CPUGeneratorImpl>(row.task.seed);
  row.stats.speech_tokens = static_cast<int64_t>(row.speech_tokens.size());
  return true;
}

bool ModelExecutor::prefill(int64_t id) {
  return translate_torch_errors([&] {
    Sequence& row = sequence(id);
    const auto start = Clock::now();
    const bool done = row.source ? read_source(row) : decoder_->prefill(*row.decoding);
    row.stats.prefill_seconds += seconds_since(start);
    return done;
  });
}

PrefixStats ModelExecutor::prefix_stats() const {
  if (!decoder_) return {};
  const t3::PrefixCacheStats stats = decoder_->prefix_stats();
  return {stats.hits, stats.misses, stats.positions_saved};
}

void ModelExecutor::step() {
  translate_torch_errors([&] {
    if (decoder_) decoder_->step();
  });
}

bool ModelExecutor::generated(int64_t id) const {
  const Sequence& found = sequence(id);
  return !found.source && (!found.decoding || decoder_->finished(*found.decoding));
}

TokenStats ModelExecutor::stats(int64_t id) const {
  const Sequence& found = sequence(id);
  TokenStats stats = found.stats;
  if (!found.decoding) return stats;
  const t3::Generation& generation = decoder_->generation(*found.decoding);
  stats.speech_tokens = static_cast<int64_t>(generation.tokens.size());
  stats.decode_steps = generation.decode_steps;
  stats.quality = generation.quality;
  stats.finish_reason =
      generation.finish == t3::Finish::kEos ? FinishReason::kEos : FinishReason::kMaxTokens;
  return stats;
}

int64_t ModelExecutor::collect(int64_t id) {
  return translate_torch_errors([&] {
    Sequence& row = sequence(id);
    if (row.decoding) {
      const t3::Generation& generation = decoder_->generation(*row.decoding);
      nn::emit(row.task.sink, "t3.tokens", at::tensor(generation.tokens, at::kLong));
      row.after_t3 = generation.generator;
      const bool turbo = files_.traits.kind == Kind::kTurbo;
      row.speech_tokens = turbo ? turbo_speech_tokens(generation.tokens, s3gen_tokens_)
                                : valid_speech_tokens(generation.tokens, s3gen_tokens_);
      if (row.speech_tokens.empty()) {
        fail(Status::kNoSpeech, "no speech: none of the {} drawn tokens is a speech token",
             generation.tokens.size());
      }
      row.stats = stats(id);
      decoder_->remove(*row.decoding);
      row.decoding.reset();
    }
    return kFramesPerToken *
           static_cast<int64_t>(row.task.voice->s3gen_tokens.size() + row.speech_tokens.size());
  });
}

// The generators are copied, so that a batch that fails can be spoken again with the same numbers.
void ModelExecutor::flow(const std::vector<int64_t>& ids,
                         const std::function<void(int64_t)>& before_step) {
  translate_torch_errors([&] {
    std::vector<s3gen::FlowRow> rows;
    for (const int64_t id : ids) {
      Sequence& row = sequence(id);
      row.after_flow = row.after_t3.clone();
      rows.push_back({row.speech_tokens, row.task.voice.get(), row.after_flow, row.task.sink});
    }
    const s3gen::FlowOptions options{sequence(ids.front()).task.cfm_steps, before_step};
    std::vector<at::Tensor> mels = s3gen::tokens_to_mel(*flow_, rows, options);
    for (size_t i = 0; i < ids.size(); ++i) sequence(ids[i]).mel = std::move(mels[i]);
  });
}

std::vector<std::vector<float>> ModelExecutor::vocode(const std::vector<int64_t>& ids) {
  return translate_torch_errors([&] {
    std::vector<s3gen::VocoderRow> rows;
    for (const int64_t id : ids) {
      const Sequence& row = sequence(id);
      rows.push_back({row.mel, row.after_flow.clone(), row.task.sink});
    }
    std::vector<std::vector<float>> waves;
    const std::vector<at::Tensor> made = s3gen::mel_to_wave(*vocoder_, rows);
    for (size_t i = 0; i < made.size(); ++i) {
      const float* samples = made[i].const_data_ptr<float>();
      waves.emplace_back(samples, samples + made[i].numel());
      crop(sequence(ids[i]), waves.back());
    }
    return waves;
  });
}

// The multilingual package drops the last token's sound, which before an end of speech is noise
// (mtl_tts.py). It also does so where there was no end; there it is speech, and stays.
void ModelExecutor::crop(const Sequence& row, std::vector<float>& wave) const {
  const bool ended = !row.task.source && row.stats.finish_reason == FinishReason::kEos;
  if (files_.traits.kind != Kind::kMultilingual || !ended) return;
  const size_t tokens = std::max<size_t>(1, row.speech_tokens.size() - 1);
  wave.resize(std::min(wave.size(), tokens * kSamplesPerToken));
}

std::vector<float> ModelExecutor::mark(std::vector<float> wave) {
  if (!watermark_) return wave;
  return translate_torch_errors(
      [&] { return watermark::embed(*watermark_, wave, info_.sample_rate); });
}

void ModelExecutor::end(int64_t id) noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ended = sequences_.extract(id);
  lock.unlock();
  if (ended && ended.mapped().decoding) decoder_->remove(*ended.mapped().decoding);
}

voice::Conditionals ModelExecutor::make_voice(const Audio& recording, const VoiceOptions& options) {
  voice::VoiceRecipe recipe =
      files_.traits.kind == Kind::kTurbo ? voice::kTurboRecipe : voice::kEnglishRecipe;
  if (!options.normalise_loudness) recipe.normalise_loudness = false;
  return translate_torch_errors(
      [&] { return voice::make_voice(*voice_maker_, recording, recipe, options.on_tensor); });
}

ModelExecutor::Sequence& ModelExecutor::sequence(int64_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return sequences_.at(id);
}

const ModelExecutor::Sequence& ModelExecutor::sequence(int64_t id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return sequences_.at(id);
}

std::unique_ptr<Executor> make_executor(const EngineOptions& options) {
  return translate_torch_errors([&] { return std::make_unique<ModelExecutor>(options); });
}

}  // namespace chatterbox::engine
