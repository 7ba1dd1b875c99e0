#include <chatterbox/engine.h>

#include <algorithm>

#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/structs.h"
#include "text/languages.h"

using chatterbox::capi::ask_or;
using chatterbox::capi::guard;
using chatterbox::capi::require;

namespace {

chatterbox_engine_info convert(const chatterbox::EngineInfo& from) {
  chatterbox_engine_info info{};
  info.sample_rate = from.sample_rate;
  info.family = from.family.c_str();
  info.model = from.model.c_str();
  info.device = from.device.c_str();
  info.precision = from.precision.c_str();
  info.t3_precision = from.t3_precision.c_str();
  info.s3gen_precision = from.s3gen_precision.c_str();
  info.kv_cache = from.kv_cache.c_str();
  info.t3_kernels = from.t3_kernels.c_str();
  info.s3gen_kernels = from.s3gen_kernels.c_str();
  info.threads = from.threads;
  info.has_default_voice = from.has_default_voice ? 1 : 0;
  info.watermark = from.watermark ? 1 : 0;
  info.meanflow = from.meanflow ? 1 : 0;
  info.quantised = from.quantised ? 1 : 0;
  info.parameters = from.parameters;
  info.weight_bytes = from.weight_bytes;
  info.max_text_tokens = from.max_text_tokens;
  info.kv_bytes_per_position = from.kv_bytes_per_position;
  info.load_seconds = from.load_seconds;
  info.language_count = from.languages.size();
  info.voice_count = from.voices.size();
  info.temperature = from.defaults.temperature;
  info.cfg_weight = from.defaults.cfg_weight;
  info.exaggeration = from.defaults.exaggeration;
  info.min_p = from.defaults.min_p;
  info.top_p = from.defaults.top_p;
  info.repetition_penalty = from.defaults.repetition_penalty;
  info.max_new_tokens = from.defaults.max_new_tokens;
  info.cfm_steps = from.defaults.cfm_steps;
  info.top_k = from.defaults.top_k;
  info.analyze_alignment = from.defaults.analyze_alignment ? 1 : 0;
  return info;
}

chatterbox_limits convert(const chatterbox::Limits& from) {
  chatterbox_limits limits{};
  limits.max_batch = static_cast<int32_t>(from.max_batch);
  limits.rows = from.rows;
  limits.positions = from.positions;
  limits.row_bytes = from.row_bytes;
  limits.cache_bytes = from.cache_bytes;
  limits.batch_frames = from.batch_frames;
  limits.prefix_bytes = from.prefix_bytes;
  limits.max_queue = from.max_queue;
  limits.max_queue_bytes = from.max_queue_bytes;
  limits.max_text_tokens = from.max_text_tokens;
  limits.prompt_bytes = from.prompt_bytes;
  return limits;
}

chatterbox_metrics convert(const chatterbox::Metrics& from) {
  chatterbox_metrics metrics{};
  metrics.healthy = from.healthy ? 1 : 0;
  metrics.running = from.running;
  metrics.waiting = from.waiting;
  metrics.waiting_bytes = from.waiting_bytes;
  metrics.rows_in_use = from.rows_in_use;
  metrics.peak_rows = from.peak_rows;
  metrics.prefix_hits = from.prefix_hits;
  metrics.prefix_misses = from.prefix_misses;
  metrics.prefix_positions_saved = from.prefix_positions_saved;
  metrics.speech_tokens = from.speech_tokens;
  metrics.decode_steps = from.decode_steps;
  metrics.audio_seconds = from.audio_seconds;
  metrics.step_seconds = from.step_seconds;
  metrics.seconds_since_step = from.seconds_since_step;
  metrics.queue_seconds = from.queue_seconds;
  static_assert(chatterbox::Metrics::kStatuses == CHATTERBOX_METRICS_STATUSES);
  std::copy(from.ended.begin(), from.ended.end(), metrics.ended);
  return metrics;
}

// Null where the index is too large, or where there is no memory for the list.
const chatterbox::text::Language* language(uint64_t index) noexcept {
  return ask_or<const chatterbox::text::Language*>(nullptr, [&] {
    const auto& all = chatterbox::text::languages();
    return index < all.size() ? &all[index] : nullptr;
  });
}

const char* entry(const std::vector<std::string>& list, uint64_t index) {
  return index < list.size() ? list[index].c_str() : nullptr;
}

}  // namespace

chatterbox_status chatterbox_engine_get_info(const chatterbox_engine* engine,
                                             chatterbox_engine_info* info, size_t size) {
  return chatterbox::capi::describe("info", "engine", engine, info, size,
                                    [&] { return convert(engine->engine.info()); });
}

const char* chatterbox_engine_language(const chatterbox_engine* engine, uint64_t index) {
  return engine == nullptr ? nullptr : entry(engine->engine.info().languages, index);
}

const char* chatterbox_engine_voice_name(const chatterbox_engine* engine, uint64_t index) {
  return engine == nullptr ? nullptr : entry(engine->engine.info().voices, index);
}

chatterbox_status chatterbox_engine_count_tokens(const chatterbox_engine* engine, const char* text,
                                                 const char* language_code, int32_t text_tags,
                                                 int64_t* tokens) {
  if (tokens != nullptr) *tokens = 0;
  return guard([&] {
    require("tokens", tokens);
    require("engine", engine);
    require("text", text);
    *tokens = engine->engine.count_tokens(text, language_code == nullptr ? "" : language_code,
                                          chatterbox::capi::flag("text_tags", text_tags));
  });
}

chatterbox_status chatterbox_engine_get_limits(const chatterbox_engine* engine,
                                               chatterbox_limits* limits, size_t size) {
  return chatterbox::capi::describe("limits", "engine", engine, limits, size,
                                    [&] { return convert(engine->engine.limits()); });
}

chatterbox_status chatterbox_engine_get_metrics(const chatterbox_engine* engine,
                                                chatterbox_metrics* metrics, size_t size) {
  return chatterbox::capi::describe("metrics", "engine", engine, metrics, size,
                                    [&] { return convert(engine->engine.metrics()); });
}

uint64_t chatterbox_language_count(void) {
  uint64_t count = 0;
  while (language(count) != nullptr) ++count;
  return count;
}

const char* chatterbox_language_code(uint64_t index) {
  const chatterbox::text::Language* found = language(index);
  return found != nullptr ? found->code.data() : nullptr;
}

const char* chatterbox_language_name(uint64_t index) {
  const chatterbox::text::Language* found = language(index);
  return found != nullptr ? found->name.data() : nullptr;
}
