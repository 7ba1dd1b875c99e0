#include "engine/model_executor.h"

#include <ATen/Parallel.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/device.h"
#include "engine/memory_plan.h"
#include "engine/speech_tokens.h"
#include "engine/torch_errors.h"
#include "nn/emit.h"
#include "nn/weight_reader.h"
#include "support/error.h"
#include "text/punc_norm.h"

namespace chatterbox::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr int64_t kRowsWithGuidance = 2;        // conditional and unconditional
constexpr int64_t kConditioningPositions = 34;  // speaker, 32 of the perceiver, emotion
constexpr int64_t kStartsOfSpeech = 2;
constexpr int64_t kFramesPerToken = 2;
constexpr int64_t kMaxNewTokens = 4096;  // of chatterbox::Request
constexpr const char* kLanguage = "en";
// The other half of what is free is for the rest of the machine, or for a second engine.
constexpr int64_t kDefaultPartOfFree = 2;

// The last token is not fed back.
int64_t positions_needed(int64_t text_tokens, int64_t max_new_tokens) {
  return kConditioningPositions + text_tokens + kStartsOfSpeech + max_new_tokens - 1;
}

// Elements and bytes of the floating-point tensors of a checkpoint file.
void add_size(const checkpoint::TensorFile& file, const nn::Placement& placement,
              EngineInfo& info) {
  for (const checkpoint::TensorEntry& entry : file.entries()) {
    const auto elements = static_cast<int64_t>(entry.bytes / checkpoint::item_size(entry.dtype));
    info.parameters += elements;
    info.weight_bytes += elements * static_cast<int64_t>(c10::elementSize(placement.dtype));
  }
}

}  // namespace

ModelExecutor::ModelExecutor(const EngineOptions& options) : options_(options) {
  const auto start = Clock::now();
  placement_ = choose_placement(options);
  files_ = open_model(options.model);
  load_models();
  cache_limits_ = plan_cache();
  info_.family = "english";
  info_.model = options.model;
  info_.device = placement_.device.str();
  info_.precision = precision_name(placement_.dtype);
  info_.max_text_tokens = t3_limits_.max_text_tokens;
  info_.kv_bytes_per_position = t3_limits_.kv_bytes_per_position;
  info_.has_default_voice = files_.default_voice != nullptr;
  for (const auto& file : {files_.t3, files_.s3gen, files_.voice_encoder}) {
    add_size(*file, placement_, info_);
  }
  info_.load_seconds = seconds_since(start);
}

void ModelExecutor::load_models() {
  const c10::InferenceMode inference_mode;
  const nn::WeightReader t3(files_.t3, placement_);
  t3_ = t3::load_model(t3);
  t3.finish();
  t3_limits_ = t3::limits(*t3_);

  const nn::WeightReader s3gen(files_.s3gen, placement_);
  const nn::WeightReader voice_encoder(files_.voice_encoder, placement_);
  flow_ = s3gen::load_flow(s3gen);
  vocoder_ = s3gen::load_vocoder(s3gen);
  voice_maker_ = voice::load_voice_maker(voice_encoder, s3gen);
  s3gen.finish();
  voice_encoder.finish();
}

CacheLimits ModelExecutor::plan_cache() const {
  const int64_t limit = options_.memory_limit > 0
                            ? options_.memory_limit
                            : free_bytes(placement_.device) / kDefaultPartOfFree;
  const int64_t requests = options_.mode == Mode::kSequential ? 1 : options_.max_batch;
  const int64_t speech = std::min(t3_limits_.max_speech_tokens, kMaxNewTokens);
  return plan_memory(
      limit, {t3_limits_.kv_bytes_per_position,
              positions_needed(t3_limits_.max_text_tokens, speech), requests * kRowsWithGuidance});
}

std::shared_ptr<const voice::Conditionals> ModelExecutor::default_voice() const {
  return files_.default_voice;
}

std::vector<int64_t> ModelExecutor::text_ids(const std::string& text) const {
  return files_.tokenizer->encode(text::punc_norm_english(text));
}

int64_t ModelExecutor::rows(const Task& task) const {
  return task.cfg_weight != 0 ? kRowsWithGuidance : 1;
}

void ModelExecutor::check(const Task& task) const {
  const auto tokens = static_cast<int64_t>(text_ids(task.text).size()) + 2;
  if (tokens > t3_limits_.max_text_tokens) {
    fail(Status::kInvalidArgument, "text has {} tokens with start and stop, the limit is {}",
         tokens, t3_limits_.max_text_tokens);
  }
  if (task.max_new_tokens > t3_limits_.max_speech_tokens) {
    fail(Status::kInvalidArgument, "max_new_tokens must be at most {} for this model, got {}",
         t3_limits_.max_speech_tokens, task.max_new_tokens);
  }
  if (task.analyze_alignment) t3::check_heads(*t3_, t3::alignment_thresholds(kLanguage));
  const int64_t needed = positions_needed(tokens, task.max_new_tokens);
  if (needed > cache_limits_.positions) {
    fail(Status::kInvalidArgument,
         "the request needs {} positions of the KV cache ({} for its text, {} for max_new_tokens), "
         "which has {} rows of {}: raise memory_limit, or lower max_batch",
         needed, tokens, task.max_new_tokens, cache_limits_.rows, cache_limits_.positions);
  }
}

void ModelExecutor::enter_worker() {
  const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(options_.threads > 0 ? options_.threads : cores);
  inference_mode_ = std::make_unique<c10::InferenceMode>();
}

void ModelExecutor::leave_worker() {
  sequences_.clear();
  decoder_.reset();
  inference_mode_.reset();
}

int64_t ModelExecutor::begin(const Task& task) {
  return translate_torch_errors([&] {
    const auto text_start = Clock::now();
    t3::SequenceOptions sequence;
    sequence.text_ids = text_ids(task.text);
    sequence.voice = task.voice.get();
    sequence.exaggeration = task.exaggeration;
    sequence.sampling = {task.temperature, task.cfg_weight, task.min_p, task.top_p,
                         task.repetition_penalty};
    sequence.max_new_tokens = task.max_new_tokens;
    sequence.seed = task.seed;
    if (task.analyze_alignment) sequence.analyze = t3::alignment_thresholds(kLanguage);
    TokenStats stats;
    stats.text_tokens = static_cast<int64_t>(sequence.text_ids.size()) + 2;
    stats.text_seconds = seconds_since(text_start);

    const auto prefill_start = Clock::now();
    if (!decoder_) {
      decoder_ = std::make_unique<t3::Decoder>(t3_, cache_limits_.rows, cache_limits_.positions);
    }
    const int64_t id = decoder_->start(sequence, task.sink);
    stats.prefill_seconds = seconds_since(prefill_start);
    Sequence& added = sequences_[id];
    added.task = task;
    added.stats = stats;
    return id;
  });
}

void ModelExecutor::step() {
  translate_torch_errors([&] { decoder_->step(); });
}

bool ModelExecutor::generated(int64_t id) const { return decoder_->finished(id); }

TokenStats ModelExecutor::stats(int64_t id) const {
  const Sequence& found = sequences_.at(id);
  TokenStats stats = found.stats;
  if (found.collected) return stats;
  const t3::Generation& generation = decoder_->generation(id);
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
    const t3::Generation& generation = decoder_->generation(id);
    nn::emit(row.task.sink, "t3.tokens", at::tensor(generation.tokens, at::kLong));
    row.after_t3 = generation.generator;
    row.speech_tokens = valid_speech_tokens(generation.tokens);
    if (row.speech_tokens.empty()) {
      fail(Status::kNoSpeech, "no speech: none of the {} drawn tokens is a speech token",
           generation.tokens.size());
    }
    row.stats = stats(id);
    row.collected = true;
    decoder_->remove(id);
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
    for (const at::Tensor& wave : s3gen::mel_to_wave(*vocoder_, rows)) {
      const float* samples = wave.const_data_ptr<float>();
      waves.emplace_back(samples, samples + wave.numel());
    }
    return waves;
  });
}

void ModelExecutor::end(int64_t id) noexcept {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  if (!found->second.collected) decoder_->remove(id);
  sequences_.erase(found);
}

voice::Conditionals ModelExecutor::make_voice(const Audio& recording, const TensorSink& sink) {
  return translate_torch_errors([&] { return voice::make_voice(*voice_maker_, recording, sink); });
}

ModelExecutor::Sequence& ModelExecutor::sequence(int64_t id) { return sequences_.at(id); }

std::unique_ptr<Executor> make_executor(const EngineOptions& options) {
  return translate_torch_errors([&] { return std::make_unique<ModelExecutor>(options); });
}

}  // namespace chatterbox::engine
