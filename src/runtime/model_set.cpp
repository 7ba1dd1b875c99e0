#include "runtime/model_set.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>

#include "nn/int8_file.h"
#include "nn/weight_reader.h"
#include "runtime/cores.h"
#include "runtime/device.h"
#include "runtime/memory_plan.h"
#include "runtime/mode.h"
#include "runtime/watermark.h"
#include "s3gen/stored.h"
#include "support/error.h"
#include "t3/step_memory.h"
#include "t3/stored.h"
#include "text/languages.h"

namespace chatterbox::runtime {
namespace {

constexpr int64_t kRowsWithGuidance = 2;  // conditional and unconditional
constexpr int64_t kMaxNewTokens = 4096;   // of a request
// The other half of what is free is for the rest of the machine, or for a second engine.
constexpr int64_t kDefaultPartOfFree = 2;
// On a device the CPU only draws tokens and makes the harmonic source: more threads would keep the
// one waiting that launches the device's work.
constexpr int kThreadsBesideDevice = 2;

int compute_threads(const EngineOptions& options, c10::Device device) {
  const int cores = usable_cores();
  if (options.threads) return capped_threads(*options.threads, cores);
  return device.is_cpu() ? cores : std::min(cores, kThreadsBesideDevice);
}

// Elements and bytes of the floating-point tensors of a checkpoint file. Scales of int8 are none.
void add_size(const checkpoint::TensorFile& file, const nn::Placement& placement,
              EngineInfo& info) {
  using t3::Stored;
  for (const checkpoint::TensorEntry& entry : file.entries()) {
    const Stored stored = placement.int8 ? t3::stored_as(entry) : Stored::kTable;
    if (stored == Stored::kPackedScale) continue;
    const auto elements = static_cast<int64_t>(entry.bytes / checkpoint::item_size(entry.dtype));
    info.parameters += elements;
    const bool packed = stored == Stored::kMatrix || stored == Stored::kInOutMatrix ||
                        stored == Stored::kPackedMatrix ||
                        (placement.int8 && s3gen::is_block_matrix(entry.name));
    info.weight_bytes +=
        elements * (packed ? 1 : static_cast<int64_t>(c10::elementSize(placement.dtype)));
  }
}

// The heads that the file names as its own.
std::optional<t3::AlignmentHeads> stored_heads(const checkpoint::TensorFile& file) {
  const auto stored = file.metadata().find(std::string(t3::kAlignmentHeadsKey));
  if (stored == file.metadata().end()) return std::nullopt;
  const auto heads = t3::parse_alignment_heads(stored->second);
  if (!heads) {
    fail(Status::kBadModelFile, "{}: {} must be three of LAYER.HEAD, as in 2.0,3.0,4.1, got {}",
         file.path(), t3::kAlignmentHeadsKey, stored->second);
  }
  return heads;
}

}  // namespace

ModelSet::ModelSet(const EngineOptions& options)
    : device_(choose_device(options.device)), mode_(effective_mode(options, device_.is_cpu())) {
  const auto start = std::chrono::steady_clock::now();
  files_ = open_model(options);
  stored_t3_ = {files_.t3->path(), nn::holds_int8(*files_.t3)};
  stages_ = choose_placements(options, device_, stored_t3_);
  load(options);
  check_models(options);
  cache_limits_ = plan_cache(options);
  describe(options);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  info_.load_seconds = elapsed.count();
}

void ModelSet::load(const EngineOptions& options) {
  const c10::InferenceMode inference_mode;
  const nn::WeightReader t3(files_.t3, stages_.t3);
  t3_ = t3::load_model(t3, text_framing(*files_.tokenizer), stages_.kv_cache);
  t3.finish();
  t3_limits_ = t3::limits(*t3_);
  alignment_heads_ = stored_heads(*files_.t3);

  const nn::WeightReader s3gen(files_.s3gen, stages_.s3gen);
  const nn::WeightReader voice_encoder(files_.voice_encoder, stages_.s3gen);
  flow_ = s3gen::load_flow(s3gen);
  s3gen_tokens_ = s3gen::speech_tokens(*flow_);
  vocoder_ = s3gen::load_vocoder(s3gen);
  voice_maker_ = voice::load_voice_maker(voice_encoder, s3gen);
  s3gen.finish();
  voice_encoder.finish();
  watermark_ =
      load_watermark(options.watermark, *files_.source, access_of(options.weights), stages_.s3gen);
}

// Files under each other's names, or of different models, load, but do not work together.
void ModelSet::check_models(const EngineOptions& options) const {
  if (t3_limits_.guided() != traits().guided || t3_limits_.fills_blocks() != traits().blocks) {
    fail(Status::kBadModelFile, "{}: not a T3 of the family {}{}", files_.t3->path(), traits().name,
         traits().blocks
             ? ", whose speech_emb.weight has one row more than speech_head.weight, for "
               "the mask"
             : "");
  }
  // A mean flow serves a family that asks for none, too; what it is, its file says.
  if (options.s3gen.empty() && traits().meanflow && !s3gen::meanflow(*flow_)) {
    fail(Status::kBadModelFile,
         "{}: not an S3Gen of the family {}: it has no "
         "flow.decoder.estimator.time_embed_mixer.weight",
         files_.s3gen->path(), traits().name);
  }
  if (alignment_heads_ && !t3::has_alignment_heads(*t3_, thresholds("").heads)) {
    fail(Status::kBadModelFile, "{}: {} names heads that the model does not have",
         files_.t3->path(), t3::kAlignmentHeadsKey);
  }
  if (files_.tokenizer->vocabulary_size() > t3_limits_.text_vocabulary) {
    fail(Status::kBadModelFile, "{}: the tokenizer has {} ids, the text embedding of T3 {}",
         files_.t3->path(), files_.tokenizer->vocabulary_size(), t3_limits_.text_vocabulary);
  }
}

void ModelSet::describe(const EngineOptions& options) {
  info_.family = traits().name;
  info_.model = options.model;
  info_.device = device_.str();
  info_.precision = precision_name(asked_precision(options, device_, stored_t3_));
  info_.t3_precision = precision_name(stages_.t3);
  info_.s3gen_precision = precision_name(stages_.s3gen);
  info_.t3_kernels = t3_kernels(stages_.t3);
  info_.s3gen_kernels = s3gen_kernels(stages_.s3gen, s3gen::on_frame_kernels(*flow_));
  info_.kv_cache = precision_name(stages_.kv_cache);
  info_.threads = compute_threads(options, device_);
  info_.max_text_tokens = t3_limits_.max_text_tokens;
  info_.kv_bytes_per_position = t3_limits_.kv_bytes_per_position;
  info_.has_default_voice = files_.default_voice != nullptr;
  info_.watermark = watermark_ != nullptr;
  info_.voices = voice_names(files_);
  if (files_.by_language) {
    for (const text::Language& language : text::languages()) {
      info_.languages.emplace_back(language.code);
    }
  }
  add_size(*files_.t3, stages_.t3, info_);
  add_size(*files_.s3gen, stages_.s3gen, info_);
  add_size(*files_.voice_encoder, stages_.s3gen, info_);
  info_.quantised = stored_t3_.int8;
  info_.fills_blocks = t3_limits_.fills_blocks();
  info_.meanflow = s3gen::meanflow(*flow_);
  info_.defaults = traits().defaults;
  info_.defaults.cfm_steps = static_cast<int32_t>(s3gen::default_steps(*flow_));
  // Only a model of the official size, or one that names its own, has the heads that are looked at.
  info_.defaults.analyze_alignment =
      info_.defaults.analyze_alignment && t3::has_alignment_heads(*t3_, thresholds("").heads);
}

CacheLimits ModelSet::plan_cache(const EngineOptions& options) const {
  const int64_t limit = options.memory_limit.value_or(free_bytes(device_) / kDefaultPartOfFree);
  const int64_t speech = std::min(t3_limits_.max_speech_tokens, kMaxNewTokens);
  const int64_t text = t3_limits_.max_text_tokens - t3_limits_.text_framing;
  const int64_t positions =
      std::min(t3_limits_.positions_needed(text, speech), t3_limits_.max_positions);
  BatchNeeds batch{options.max_batch, !device_.is_cpu(),
                   t3_limits_.guided() ? kRowsWithGuidance : 1};
  if (mode_ == Mode::kSequential) batch.requests = 1;
  const t3::StepMemory step = t3::step_memory(*t3_);
  MemoryNeeds needs;
  needs.position_bytes = t3_limits_.kv_bytes_per_position;
  needs.max_positions = positions;
  needs.step_row_bytes = step.row_bytes;
  needs.step_position_bytes = step.position_bytes;
  needs.graph_bytes = step.graph_bytes;
  return plan_memory(limit, needs, batch);
}

// A CPU's cores are full with one utterance, whose arithmetic a batch does not lessen.
DeviceTraits ModelSet::device_traits() const {
  constexpr int64_t kPrefills = 8;  // whose chunks fill a device: see t3/packed_prefill.h
  const bool device = !device_.is_cpu();
  return {device, device, device ? kPrefills : 1};
}

std::shared_ptr<const voice::Conditionals> ModelSet::default_voice() const {
  return files_.default_voice;
}

std::shared_ptr<const voice::Conditionals> ModelSet::named_voice(const std::string& name) const {
  return open_voice(files_, name);
}

std::vector<int64_t> ModelSet::encode(const Task& task) const {
  text::TextOptions options;
  options.tags = task.text_tags;
  options.normalise = task.normalise;
  return files_.tokenizer->encode(task.text, task.language, options);
}

std::vector<text::TextWord> ModelSet::words(const Task& task) const {
  Task part = task;
  const auto encode_part = [&](std::string_view text) {
    part.text = text;
    return encode(part);
  };
  return text::words_of(task.text, task.text_ids, files_.tokenizer->space_id(), encode_part);
}

int64_t ModelSet::text_tokens(const Task& task) const {
  return static_cast<int64_t>(encode(task).size()) + t3_limits_.text_framing;
}

// Of the package's _speech_len_for_text_tokens(): a quarter of a second for each id of the text.
int64_t ModelSet::token_budget(const Task& task) const {
  constexpr int64_t kTokensPerId = 6;
  constexpr int64_t kLeast = 300;
  if (!t3_limits_.fills_blocks()) return task.max_new_tokens;
  const int64_t ids = static_cast<int64_t>(task.text_ids.size()) + t3_limits_.text_framing;
  return std::min(task.max_new_tokens, std::max(kTokensPerId * ids, kLeast));
}

int64_t ModelSet::piece_tokens() const {
  return std::min(traits().piece_tokens, t3_limits_.max_text_tokens);
}

int64_t ModelSet::rows(const Task& task) const {
  if (task.kind != TaskKind::kSpeech) return 0;
  return t3_limits_.guided() && task.cfg_weight != 0 ? kRowsWithGuidance : 1;
}

t3::SequenceOptions ModelSet::sequence_options(const Task& task) const {
  t3::SequenceOptions sequence;
  sequence.text_ids = task.text_ids;
  sequence.voice = task.voice.get();
  sequence.exaggeration = task.exaggeration;
  sequence.sampling.temperature = task.temperature;
  // A family that is not guided has neither, and ignores what a request says.
  sequence.sampling.cfg_weight = t3_limits_.guided() ? task.cfg_weight : 0;
  sequence.sampling.min_p = t3_limits_.guided() ? task.min_p : 0;
  sequence.sampling.top_p = task.top_p;
  sequence.sampling.top_k = task.top_k;
  sequence.sampling.repetition_penalty = task.repetition_penalty;
  sequence.max_new_tokens = token_budget(task);
  sequence.blocks = task.blocks;
  sequence.seed = task.seed;
  if (task.analyze_alignment) sequence.analyze = thresholds(task.language);
  if (task.word_times) sequence.follow_text = thresholds(task.language).heads;
  return sequence;
}

t3::AlignmentThresholds ModelSet::thresholds(const std::string& language) const {
  t3::AlignmentThresholds thresholds = t3::alignment_thresholds(language.empty() ? "en" : language);
  if (alignment_heads_) thresholds.heads = *alignment_heads_;
  return thresholds;
}

void ModelSet::use_threads() const { at::set_num_threads(info_.threads); }

}  // namespace chatterbox::runtime
