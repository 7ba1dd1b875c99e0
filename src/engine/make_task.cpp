#include "engine/make_task.h"

#include <algorithm>
#include <random>
#include <utility>

#include "engine/default_chunks.h"
#include "engine/validate.h"
#include "support/error.h"
#include "voice/recording.h"

namespace chatterbox::engine {
namespace {

using runtime::ModelCatalog;
using runtime::Task;
using runtime::TaskKind;

uint64_t random_seed() {
  std::random_device device;
  const uint64_t high = device();
  return high << 32 | device();
}

std::shared_ptr<const voice::Conditionals> choose_voice(const std::optional<Voice>& voice,
                                                        const ModelCatalog& catalog) {
  auto chosen = voice ? voice->conditionals() : catalog.default_voice();
  if (!chosen) fail(Status::kNotFound, "the model has no voice of its own, so voice must be set");
  return chosen;
}

// Euler steps with guidance, of `steps` in all.
int64_t guided_steps(std::optional<int32_t> asked, int64_t steps, const ModelCatalog& catalog) {
  if (catalog.info().meanflow) {
    if (asked) {
      fail(Status::kInvalidArgument,
           "cfg_steps must not be set for an S3Gen with a mean flow, which takes no guidance, got "
           "{}",
           *asked);
    }
    return 0;
  }
  if (asked && *asked > steps) {
    fail(Status::kInvalidArgument, "cfg_steps must be at most cfm_steps, which is {}, got {}",
         steps, *asked);
  }
  return asked.value_or(steps);
}

// A family has what draws tokens one after the other, or what draws them in blocks.
void check_way_of_drawing(const Request& request, const EngineInfo& info) {
  const auto refuse = [&](const char* name, const auto& value, const char* what) {
    fail(Status::kInvalidArgument, "{} must {} for a model of the family {}, got {}", name, what,
         info.family, value);
  };
  const auto refuse_unless = [&](const char* name, const auto& value, auto neutral) {
    if (value && *value != neutral) {
      refuse(name, *value, fmt::format("be unset or {}", neutral).c_str());
    }
  };
  const auto refuse_set = [&](const char* name, const auto& value) {
    if (value) refuse(name, *value, "not be set");
  };
  if (info.fills_blocks) {
    refuse_unless("min_p", request.min_p, 0);
    refuse_unless("top_p", request.top_p, 1);
    refuse_unless("top_k", request.top_k, 0);
    refuse_unless("repetition_penalty", request.repetition_penalty, 1);
    return;
  }
  refuse_set("block_size", request.blocks.size);
  refuse_set("block_passes", request.blocks.passes);
  refuse_set("schedule_shift", request.blocks.schedule_shift);
  refuse_set("early_decoding", request.blocks.early_decoding);
  refuse_set("position_noise", request.blocks.position_noise);
  refuse_set("prior", request.blocks.prior);
  refuse_set("fill_before_end", request.blocks.fill_before_end);
  refuse_set("normalise", request.normalise);
}

t3::BlockOptions blocks_of(const BlockRequest& request) {
  t3::BlockOptions blocks;
  blocks.size = request.size.value_or(blocks.size);
  blocks.passes = request.passes.value_or(blocks.passes);
  blocks.schedule_shift = request.schedule_shift.value_or(blocks.schedule_shift);
  blocks.early_decoding = request.early_decoding.value_or(blocks.early_decoding);
  blocks.position_noise = request.position_noise.value_or(blocks.position_noise);
  blocks.prior = request.prior.value_or(blocks.prior);
  blocks.fill_before_end = request.fill_before_end.value_or(blocks.fill_before_end);
  return blocks;
}

// `block`: the tokens that are drawn together, where they are.
runtime::StreamPlan plan_of(const StreamOptions& options, std::optional<int64_t> block) {
  runtime::StreamPlan plan;
  plan.exact_halo = options.halo == Halo::kExact;
  plan.left_tokens = options.left_tokens;
  plan.right_tokens = options.right_tokens;
  plan.condition_tokens = options.condition_tokens;
  plan.slack_tokens = options.slack_tokens;
  plan.frozen_prompt = options.prompt == StreamPrompt::kFrozen;
  plan.chunks.assign(options.chunks.begin(), options.chunks.end());
  if (plan.chunks.empty()) plan.chunks = default_chunks(plan, block);
  return plan;
}

void set_stream(const JobOptions& options, std::optional<NoiseLayout> noise,
                std::optional<int64_t> block, Task& task) {
  task.noise = noise.value_or(NoiseLayout::kReference);
  if (options.stream != StreamMode::kChunks) return;
  task.noise = NoiseLayout::kByFrame;
  task.stream = plan_of(options.stream_options, block);
}

}  // namespace

std::string lower_case(std::string_view code) {
  std::string lower(code);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

Task make_task_without_text(const Request& request, const ModelCatalog& catalog) {
  check_way_of_drawing(request, catalog.info());
  const RequestDefaults& defaults = catalog.info().defaults;
  Task task;
  task.language = lower_case(request.language);
  task.text_tags = request.text_tags;
  task.voice = choose_voice(request.voice, catalog);
  task.seed = request.seed ? *request.seed : random_seed();
  task.temperature = request.temperature.value_or(defaults.temperature);
  task.cfg_weight = request.cfg_weight.value_or(defaults.cfg_weight);
  task.exaggeration = request.exaggeration.value_or(defaults.exaggeration);
  task.min_p = request.min_p.value_or(defaults.min_p);
  task.top_p = request.top_p.value_or(defaults.top_p);
  task.repetition_penalty = request.repetition_penalty.value_or(defaults.repetition_penalty);
  task.top_k = request.top_k.value_or(defaults.top_k);
  task.max_new_tokens = request.max_new_tokens.value_or(defaults.max_new_tokens);
  task.cfm_steps = request.cfm_steps.value_or(defaults.cfm_steps);
  task.cfg_steps = guided_steps(request.cfg_steps, task.cfm_steps, catalog);
  task.analyze_alignment = request.analyze_alignment.value_or(defaults.analyze_alignment);
  task.word_times = request.word_times;
  task.blocks = blocks_of(request.blocks);
  task.normalise = request.normalise.value_or(true);
  const bool blocks = catalog.info().fills_blocks;
  set_stream(request, request.noise, blocks ? std::optional(task.blocks.size) : std::nullopt, task);
  return task;
}

void set_text(Task& task, std::string text, const ModelCatalog& catalog) {
  task.text = std::move(text);
  task.text_ids = catalog.encode(task);
  catalog.check(task);
  if (task.word_times) task.words = catalog.words(task);
}

Task make_task(const Request& request, const ModelCatalog& catalog) {
  validate_request(request);
  Task task = make_task_without_text(request, catalog);
  set_text(task, request.text, catalog);
  return task;
}

Task make_task(const Conversion& conversion, const ModelCatalog& catalog) {
  validate_conversion(conversion);
  Task task;
  task.kind = TaskKind::kConversion;
  task.voice = choose_voice(conversion.voice, catalog);
  task.source = std::make_shared<const Audio>(voice::heard_for_conversion(conversion.source));
  task.seed = conversion.seed ? *conversion.seed : random_seed();
  task.cfm_steps = conversion.cfm_steps.value_or(catalog.info().defaults.cfm_steps);
  task.cfg_steps = guided_steps(conversion.cfg_steps, task.cfm_steps, catalog);
  set_stream(conversion, conversion.noise, std::nullopt, task);
  catalog.check(task);
  return task;
}

Task make_task(const Audio& recording, const VoiceOptions& options, const ModelCatalog& catalog) {
  validate_voice_options(options);
  validate_recording(recording);
  Task task;
  task.kind = TaskKind::kVoice;
  task.source = std::make_shared<const Audio>(voice::heard_for_voice(recording));
  task.normalise_loudness = options.normalise_loudness;
  task.prompt_seconds = options.prompt_seconds;
  catalog.check(task);
  return task;
}

int64_t bytes_of(const Task& task) {
  size_t bytes = sizeof(Task) + task.text.size() + task.text_ids.size() * sizeof(int64_t);
  bytes += task.words.size() * sizeof(text::TextWord);
  if (task.source) bytes += task.source->samples.size() * sizeof(float);
  return static_cast<int64_t>(bytes);
}

}  // namespace chatterbox::engine
