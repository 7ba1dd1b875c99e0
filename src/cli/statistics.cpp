#include "cli/statistics.h"

#include <sys/resource.h>

#include "cli/files.h"

namespace chatterbox::cli {

using nlohmann::ordered_json;

namespace {

const char* name(Intervention kind) {
  switch (kind) {
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

ordered_json statistics(const Quality& quality) {
  ordered_json interventions = ordered_json::array();
  for (const InterventionSpan& span : quality.interventions) {
    interventions.push_back(
        {{"kind", name(span.kind)}, {"first_step", span.first_step}, {"steps", span.steps}});
  }
  return {
      {"peak", quality.peak},
      {"clipped_samples", quality.clipped_samples},
      {"longest_repetition", quality.longest_repetition},
      {"text_coverage",
       quality.text_coverage ? ordered_json(*quality.text_coverage) : ordered_json(nullptr)},
      {"interventions", interventions},
  };
}

}  // namespace

ordered_json statistics(const Result& result) {
  return statistics(result,
                    static_cast<double>(result.audio.samples.size()) / result.audio.sample_rate);
}

ordered_json statistics(const Result& result, double seconds) {
  const Timings& timings = result.timings;
  return {
      {"text_tokens", result.text_tokens},
      {"speech_tokens", result.speech_tokens},
      {"decode_steps", result.decode_steps},
      {"finish_reason", result.finish_reason == FinishReason::kEos ? "eos" : "max_tokens"},
      {"seed", result.seed},
      {"audio_seconds", seconds},
      {"rtf", seconds > 0 ? ordered_json(timings.total / seconds) : ordered_json(nullptr)},
      {"timings",
       {{"queued", timings.queued},
        {"text", timings.text},
        {"prefill", timings.prefill},
        {"decode", timings.decode},
        {"flow", timings.flow},
        {"vocoder", timings.vocoder},
        {"total", timings.total}}},
      {"quality", statistics(result.quality)},
  };
}

ordered_json statistics(const EngineInfo& info) {
  return {
      {"family", info.family},
      {"model", info.model},
      {"device", info.device},
      {"precision", info.precision},
      {"sample_rate", info.sample_rate},
      {"parameters", info.parameters},
      {"weight_bytes", info.weight_bytes},
      {"max_text_tokens", info.max_text_tokens},
      {"kv_bytes_per_position", info.kv_bytes_per_position},
      {"load_seconds", info.load_seconds},
      {"has_default_voice", info.has_default_voice},
      {"watermark", info.watermark},
      {"languages", info.languages},
  };
}

ordered_json statistics(const Capacity& capacity) {
  return {
      {"rows", capacity.rows},
      {"positions", capacity.positions},
      {"row_bytes", capacity.row_bytes},
      {"cache_bytes", capacity.cache_bytes},
      {"batch_frames", capacity.batch_frames},
      {"peak_rows", capacity.peak_rows},
  };
}

ordered_json statistics(const Voice::Info& info) {
  return {
      {"prompt_tokens", info.prompt_tokens},
      {"s3gen_tokens", info.s3gen_tokens},
      {"mel_frames", info.mel_frames},
  };
}

double peak_rss_mib() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts KiB
}

std::string to_line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void write_json(const std::string& path, const ordered_json& json) {
  // A model's name is the user's path, which need not be UTF-8.
  write_text(path, json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace chatterbox::cli
