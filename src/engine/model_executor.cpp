#include "engine/model_executor.h"

#include <ATen/Parallel.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/device.h"
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

constexpr int64_t kMaxRunning = 1;              // sequences in the decoder at a time
constexpr int64_t kRowsPerSequence = 2;         // conditional and unconditional
constexpr int64_t kConditioningPositions = 34;  // speaker, 32 of the perceiver, emotion
constexpr int64_t kPositionBucket = 256;        // a larger cache is made in steps of this

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

std::shared_ptr<const voice::Conditionals> ModelExecutor::default_voice() const {
  return files_.default_voice;
}

std::vector<int64_t> ModelExecutor::text_ids(const std::string& text) const {
  return files_.tokenizer->encode(text::punc_norm_english(text));
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

void ModelExecutor::reserve_positions(const Task& task, size_t text_ids) {
  constexpr int64_t kStartAndStopOfText = 2;
  constexpr int64_t kStartsOfSpeech = 2;
  const int64_t needed = kConditioningPositions + static_cast<int64_t>(text_ids) +
                         kStartAndStopOfText + kStartsOfSpeech + task.max_new_tokens;
  if (needed <= positions_) return;
  decoder_.reset();  // the old cache goes before the new one comes
  positions_ = (needed + kPositionBucket - 1) / kPositionBucket * kPositionBucket;
  decoder_ = std::make_unique<t3::Decoder>(t3_, kMaxRunning * kRowsPerSequence, positions_);
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
    TokenStats stats;
    stats.text_tokens = static_cast<int64_t>(sequence.text_ids.size()) + 2;
    stats.text_seconds = seconds_since(text_start);

    const auto prefill_start = Clock::now();
    reserve_positions(task, sequence.text_ids.size());
    const int64_t id = decoder_->add(sequence, task.sink);
    stats.prefill_seconds = seconds_since(prefill_start);
    sequences_[id] = {task, stats, {}, {}, {}};
    return id;
  });
}

void ModelExecutor::step() {
  translate_torch_errors([&] { decoder_->step(); });
}

bool ModelExecutor::generated(int64_t id) const { return decoder_->finished(id); }

TokenStats ModelExecutor::stats(int64_t id) const {
  const t3::Generation& generation = decoder_->generation(id);
  TokenStats stats = sequences_.at(id).stats;
  stats.speech_tokens = static_cast<int64_t>(generation.tokens.size());
  stats.decode_steps = generation.decode_steps;
  stats.finish_reason =
      generation.finish == t3::Finish::kEos ? FinishReason::kEos : FinishReason::kMaxTokens;
  return stats;
}

void ModelExecutor::collect_tokens(int64_t id, Sequence& sequence) {
  const t3::Generation& generation = decoder_->generation(id);
  nn::emit(sequence.task.sink, "t3.tokens", at::tensor(generation.tokens, at::kLong));
  sequence.generator = generation.generator;
  sequence.speech_tokens = valid_speech_tokens(generation.tokens);
  if (sequence.speech_tokens.empty()) {
    fail(Status::kNoSpeech, "no speech: none of the {} drawn tokens is a speech token",
         generation.tokens.size());
  }
}

void ModelExecutor::flow(const std::vector<int64_t>& ids,
                         const std::function<void(int64_t)>& before_step) {
  translate_torch_errors([&] {
    std::vector<s3gen::FlowRow> rows;
    for (const int64_t id : ids) {
      Sequence& row = sequence(id);
      collect_tokens(id, row);
      rows.push_back({row.speech_tokens, row.task.voice.get(), row.generator, row.task.sink});
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
      Sequence& row = sequence(id);
      rows.push_back({std::move(row.mel), row.generator, row.task.sink});
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
  if (sequences_.erase(id) > 0) decoder_->remove(id);
}

voice::Conditionals ModelExecutor::make_voice(const Audio& recording, const TensorSink& sink) {
  return translate_torch_errors([&] { return voice::make_voice(*voice_maker_, recording, sink); });
}

ModelExecutor::Sequence& ModelExecutor::sequence(int64_t id) { return sequences_.at(id); }

std::unique_ptr<Executor> make_executor(const EngineOptions& options) {
  return translate_torch_errors([&] { return std::make_unique<ModelExecutor>(options); });
}

}  // namespace chatterbox::engine
