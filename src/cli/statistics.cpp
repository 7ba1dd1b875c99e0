#include "cli/statistics.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "cli/files.h"

namespace chatterbox::cli {

using nlohmann::ordered_json;

namespace {

const char* name_of(const InterventionSpan& span) {
  switch (static_cast<Intervention>(span.kind)) {
    case Intervention::kEndSuppressed:
      return "end_suppressed";
    case Intervention::kLongTail:
      return "long_tail";
    case Intervention::kAlignmentRepetition:
      return "alignment_repetition";
    case Intervention::kTokenRepetition:
      return "token_repetition";
  }
  return "unknown";
}

// 0.8, not the 0.800000011920929 that a float becomes as a double.
double decimal(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", static_cast<double>(value));
  return std::strtod(text, nullptr);
}

ordered_json quality_of(const Result& result) {
  const Quality quality = result.quality();
  const bool analyzed = quality.text_coverage != static_cast<float>(CHATTERBOX_UNSET);
  ordered_json interventions = ordered_json::array();
  for (const InterventionSpan& span : result.interventions()) {
    interventions.push_back(
        {{"kind", name_of(span)}, {"first_step", span.first_step}, {"steps", span.steps}});
  }
  return {
      {"peak", quality.peak},
      {"clipped_samples", quality.clipped_samples},
      {"longest_repetition", quality.longest_repetition},
      {"text_coverage", analyzed ? ordered_json(quality.text_coverage) : ordered_json(nullptr)},
      {"interventions", interventions},
  };
}

ordered_json timings_of(const ResultStats& stats) {
  return {
      {"queued", stats.queued_seconds},       {"text", stats.text_seconds},
      {"prefill", stats.prefill_seconds},     {"decode", stats.decode_seconds},
      {"flow", stats.flow_seconds},           {"vocoder", stats.vocoder_seconds},
      {"watermark", stats.watermark_seconds}, {"total", stats.total_seconds},
  };
}

template <class Spans>
ordered_json places_of(const Spans& spans) {
  ordered_json places = ordered_json::array();
  for (const auto& span : spans) places.push_back(place_of(span));
  return places;
}

ordered_json stream_of(const Result& result) {
  const StreamStats stats = result.stream_stats();
  ordered_json chunks = ordered_json::array();
  for (const ChunkStats& chunk : result.chunks()) {
    chunks.push_back({{"first_sample", chunk.first_sample},
                      {"samples", chunk.count},
                      {"seconds", chunk.seconds}});
  }
  return {{"first_sound_seconds", stats.first_sound_seconds},
          {"largest_underrun_seconds", stats.largest_underrun_seconds},
          {"chunks", chunks}};
}

ordered_json defaults_of(const RequestDefaults& defaults) {
  return {
      {"temperature", decimal(defaults.temperature)},
      {"cfg_weight", decimal(defaults.cfg_weight)},
      {"exaggeration", decimal(defaults.exaggeration)},
      {"min_p", decimal(defaults.min_p)},
      {"top_p", decimal(defaults.top_p)},
      {"top_k", defaults.top_k},
      {"repetition_penalty", decimal(defaults.repetition_penalty)},
      {"max_new_tokens", defaults.max_new_tokens},
      {"cfm_steps", defaults.cfm_steps},
      {"analyze_alignment", defaults.analyze_alignment},
  };
}

// Requests that ended so far, by the status that ended them.
ordered_json ended_of(const Metrics& metrics) {
  ordered_json ended = ordered_json::object();
  for (int32_t i = 0; i < CHATTERBOX_METRICS_STATUSES; ++i) {
    if (metrics.ended[i] > 0) ended[chatterbox_status_string(-i)] = metrics.ended[i];
  }
  return ended;
}

}  // namespace

ordered_json statistics(const Result& result) {
  const ResultStats stats = result.stats();
  const double seconds = static_cast<double>(stats.samples) / result.sample_rate();
  ordered_json json = {
      {"text_tokens", stats.text_tokens},
      {"speech_tokens", stats.speech_tokens},
      {"decode_steps", stats.decode_steps},
      {"finish_reason", result.finish_reason() == FinishReason::kEos ? "eos" : "max_tokens"},
      {"seed", stats.seed},
      {"audio_seconds", seconds},
      {"rtf", seconds > 0 ? ordered_json(stats.total_seconds / seconds) : ordered_json(nullptr)},
      {"timings", timings_of(stats)},
      {"quality", quality_of(result)},
      {"stream", stream_of(result)},
  };
  if (ordered_json pieces = places_of(result.pieces()); !pieces.empty())
    json["pieces"] = std::move(pieces);
  if (ordered_json words = places_of(result.words()); !words.empty())
    json["words"] = std::move(words);
  return json;
}

ordered_json statistics(const EngineInfo& info) {
  return {
      {"family", info.family},
      {"model", info.model},
      {"device", info.device},
      {"precision", info.precision},
      {"t3_precision", info.t3_precision},
      {"s3gen_precision", info.s3gen_precision},
      {"kv_cache", info.kv_cache},
      {"t3_kernels", info.t3_kernels},
      {"s3gen_kernels", info.s3gen_kernels},
      {"threads", info.threads},
      {"sample_rate", info.sample_rate},
      {"parameters", info.parameters},
      {"weight_bytes", info.weight_bytes},
      {"max_text_tokens", info.max_text_tokens},
      {"kv_bytes_per_position", info.kv_bytes_per_position},
      {"load_seconds", info.load_seconds},
      {"has_default_voice", info.has_default_voice},
      {"watermark", info.watermark},
      {"meanflow", info.meanflow},
      {"quantised", info.quantised},
      {"voices", info.voices},
      {"languages", info.languages},
      {"defaults", defaults_of(info.defaults)},
  };
}

ordered_json statistics(const Limits& limits) {
  return {
      {"max_batch", limits.max_batch},
      {"rows", limits.rows},
      {"positions", limits.positions},
      {"row_bytes", limits.row_bytes},
      {"cache_bytes", limits.cache_bytes},
      {"prefix_bytes", limits.prefix_bytes},
      {"prompt_bytes", limits.prompt_bytes},
      {"batch_frames", limits.batch_frames},
      {"max_queue", limits.max_queue},
      {"max_queue_bytes", limits.max_queue_bytes},
      {"max_text_tokens", limits.max_text_tokens},
  };
}

ordered_json statistics(const Metrics& metrics) {
  return {
      {"healthy", metrics.healthy == 1},
      {"peak_rows", metrics.peak_rows},
      {"prefix_hits", metrics.prefix_hits},
      {"prefix_misses", metrics.prefix_misses},
      {"prefix_positions_saved", metrics.prefix_positions_saved},
      {"speech_tokens", metrics.speech_tokens},
      {"decode_steps", metrics.decode_steps},
      {"audio_seconds", metrics.audio_seconds},
      {"step_seconds", metrics.step_seconds},
      {"ended", ended_of(metrics)},
  };
}

ordered_json statistics(const Voice& voice) {
  const Voice::Info info = voice.info();
  return {
      {"id", voice.id()},
      {"prompt_tokens", info.prompt_tokens},
      {"s3gen_tokens", info.s3gen_tokens},
      {"mel_frames", info.mel_frames},
  };
}

double peak_rss_mib() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  // Linux counts KiB. NOLINTNEXTLINE(*-union-access): glibc's
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string to_line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void write_json(const std::string& path, const ordered_json& json) {
  // A model's name is the user's path, which need not be UTF-8.
  write_text(path, json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace chatterbox::cli
