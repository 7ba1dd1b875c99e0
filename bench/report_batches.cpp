#include <algorithm>
#include <iomanip>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "report.h"
#include "summary.h"

namespace chatterbox::bench {
namespace {

using nlohmann::ordered_json;

double audio_seconds(const BatchSample& run) {
  double seconds = 0;
  for (const Sample& request : run.requests) seconds += request.audio_seconds;
  return seconds;
}

int64_t speech_tokens(const BatchSample& run) {
  int64_t tokens = 0;
  for (const Sample& request : run.requests) tokens += request.stats.speech_tokens;
  return tokens;
}

// Prefills never run at the same time, so that they add up.
double prefill_seconds(const BatchSample& run) {
  double seconds = 0;
  for (const Sample& request : run.requests) {
    seconds += request.stats.text_seconds + request.stats.prefill_seconds;
  }
  return seconds;
}

double decode_seconds(const BatchSample& run) { return run.stages.t3 - prefill_seconds(run); }

double flow_seconds(const BatchSample& run) { return run.stages.encoder + run.stages.cfm; }

double other_seconds(const BatchSample& run) {
  return run.seconds - run.stages.t3 - flow_seconds(run) - run.stages.vocoder;
}

double tokens_per_second(const BatchSample& run) {
  return per(static_cast<double>(speech_tokens(run)), decode_seconds(run));
}

double first_sound_seconds(const BatchSample& run) {
  double first = run.seconds;
  for (const Sample& request : run.requests) first = std::min(first, request.first_sound_seconds);
  return first;
}

double rtf(const BatchSample& run) { return per(run.seconds, audio_seconds(run)); }

const Metric<BatchSample> kMetrics[] = {
    {"seconds", "total s", 3, false, [](const BatchSample& run) { return run.seconds; }},
    {"rtf", "RTF", 3, false, rtf},
    {"tokens_per_second", "decode tok/s", 1, true, tokens_per_second},
    {"prefill_seconds", "prefill s", 3, false, prefill_seconds},
    {"decode_seconds", "decode s", 3, false, decode_seconds},
    {"flow_seconds", "flow s", 3, false, flow_seconds},
    {"encoder_seconds", "- encoder", 3, false,
     [](const BatchSample& run) { return run.stages.encoder; }},
    {"cfm_seconds", "- CFM", 3, false, [](const BatchSample& run) { return run.stages.cfm; }},
    {"vocoder_seconds", "vocoder s", 3, false,
     [](const BatchSample& run) { return run.stages.vocoder; }},
    {"other_seconds", "other s", 3, false, other_seconds},
    {"first_done_seconds", "first s", 3, false,
     [](const BatchSample& run) { return run.stages.first_done; }},
    {"first_sound_seconds", "first sound s", 3, false, first_sound_seconds},
};

double median_seconds(const BatchReport& report) {
  return summarise(report.samples, kMetrics[0]).median;
}

// Against the sequential runs of as many requests, where there are any.
std::optional<double> speedup(const BatchReports& reports, const BatchReport& report) {
  const auto sequential =
      std::find_if(reports.begin(), reports.end(), [&](const BatchReport& other) {
        return other.mode == Mode::kSequential && other.batch_size == report.batch_size;
      });
  if (sequential == reports.end()) return std::nullopt;
  return per(median_seconds(*sequential), median_seconds(report));
}

double prefix_hit_rate(const Metrics& metrics) {
  return per(static_cast<double>(metrics.prefix_hits),
             static_cast<double>(metrics.prefix_hits + metrics.prefix_misses));
}

ordered_json to_json(const BatchSample& run) {
  ordered_json json = {{"speech_tokens", speech_tokens(run)},
                       {"audio_seconds", audio_seconds(run)}};
  for (const auto& metric : kMetrics) json[metric.name] = metric.value(run);
  for (const Sample& request : run.requests) json["requests"].push_back(bench::to_json(request));
  return json;
}

ordered_json to_json(const BatchReports& reports, const BatchReport& report) {
  ordered_json json = {
      {"mode", name_of(report.mode)},
      {"batch_size", report.batch_size},
      {"load_seconds", report.engine.load_seconds},
      {"peak_rss_mib", report.peak_rss_mib},
      {"loaded_rss_mib", report.loaded_rss_mib},
      {"rss_mib", report.rss_mib},
      {"kv_cache_bytes", report.limits.cache_bytes},
      {"kv_row_bytes", report.limits.row_bytes},
      {"kv_rows", report.limits.rows},
      {"kv_positions", report.limits.positions},
      {"kv_peak_rows", report.metrics.peak_rows},
      {"batch_frames", report.limits.batch_frames},
      {"prefix_bytes", report.limits.prefix_bytes},
      {"prompt_bytes", report.limits.prompt_bytes},
      {"prefix_hits", report.metrics.prefix_hits},
      {"prefix_misses", report.metrics.prefix_misses},
      {"prefix_hit_rate", prefix_hit_rate(report.metrics)},
      {"prefix_positions_saved", report.metrics.prefix_positions_saved},
      {"speedup", nullptr},
  };
  if (const auto factor = speedup(reports, report)) json["speedup"] = *factor;
  for (const auto& metric : kMetrics) {
    json[metric.name] = bench::to_json(summarise(report.samples, metric));
  }
  for (const BatchSample& run : report.samples) json["samples"].push_back(to_json(run));
  return json;
}

}  // namespace

void write_markdown(std::ostream& out, const Plan& plan, const BatchReports& reports) {
  write_description(out, plan, reports.front().engine, reports.front().request);
  out << "| mode | requests | tokens | audio s |";
  for (const auto& metric : kMetrics) out << ' ' << metric.title << " |";
  out << " peak RSS MiB | KV MiB | prefix hits | saved | speedup |\n|---|---:|---:|---:|";
  for ([[maybe_unused]] const auto& metric : kMetrics) out << "---:|";
  out << "---:|---:|---:|---:|---:|\n";
  for (const BatchReport& report : reports) {
    const BatchSample& first = report.samples.front();
    out << "| " << name_of(report.mode) << " | " << report.batch_size << " | "
        << speech_tokens(first) << " | " << number_text(audio_seconds(first), 2) << " |";
    for (const auto& metric : kMetrics) {
      out << ' ' << number_text(summarise(report.samples, metric).median, metric.decimals) << " |";
    }
    const auto factor = speedup(reports, report);
    out << ' ' << number_text(report.peak_rss_mib, 0) << " | "
        << number_text(static_cast<double>(report.limits.cache_bytes) / kMiB, 0) << " | "
        << number_text(prefix_hit_rate(report.metrics) * 100, 0) << " % | "
        << report.metrics.prefix_positions_saved << " | "
        << (factor ? number_text(*factor, 2) : "-") << " |\n";
  }
  out << "\nMedian of " << plan.repetitions << " runs after " << plan.warmup
      << " of one request for warm-up. RTF: seconds of work for a second of sound. First: until "
         "the first request is done; first sound: until the first samples came.\nPrefix hits: "
         "requests, warm-up included, whose voice had been read "
         "before; saved: positions that they did not compute.\n"
         "Speedup: against sequential with as many requests.\n";
}

void write_json(std::ostream& out, const Plan& plan, const BatchReports& reports) {
  ordered_json json = describe(plan, reports.front().engine, reports.front().request);
  json["texts"] = plan.texts;
  for (const BatchReport& report : reports) json["batches"].push_back(to_json(reports, report));
  write_json(out, json);
}

void write_csv(std::ostream& out, const BatchReports& reports) {
  out << "mode,batch_size,repetition,speech_tokens,audio_seconds";
  for (const auto& metric : kMetrics) out << ',' << metric.name;
  out << ",peak_rss_mib,kv_cache_bytes,speedup\n"
      << std::setprecision(std::numeric_limits<float>::max_digits10);
  for (const BatchReport& report : reports) {
    for (size_t i = 0; i < report.samples.size(); ++i) {
      const BatchSample& run = report.samples[i];
      out << name_of(report.mode) << ',' << report.batch_size << ',' << i << ','
          << speech_tokens(run) << ',' << audio_seconds(run);
      for (const auto& metric : kMetrics) out << ',' << metric.value(run);
      out << ',' << report.peak_rss_mib << ',' << report.limits.cache_bytes << ',';
      if (const auto factor = speedup(reports, report)) out << *factor;
      out << "\n";
    }
  }
}

}  // namespace chatterbox::bench
