#include "report.h"

#include <iomanip>
#include <limits>
#include <nlohmann/json.hpp>

#include "summary.h"

namespace chatterbox::bench {
namespace {

using nlohmann::ordered_json;

const Metric<Sample> kMetrics[] = {
    {"prefill_ms", "prefill ms", 1, false,
     [](const Sample& s) { return s.stats.prefill_seconds * 1e3; }},
    {"decode_ms_per_step", "decode ms/step", 2, false,
     [](const Sample& s) {
       return per(s.stats.decode_seconds * 1e3, static_cast<double>(s.stats.decode_steps));
     }},
    {"tokens_per_second", "tok/s", 2, true,
     [](const Sample& s) {
       return per(static_cast<double>(s.stats.speech_tokens),
                  s.stats.prefill_seconds + s.stats.decode_seconds);
     }},
    {"flow_ms", "flow ms", 1, false, [](const Sample& s) { return s.stats.flow_seconds * 1e3; }},
    {"vocoder_ms", "vocoder ms", 1, false,
     [](const Sample& s) { return s.stats.vocoder_seconds * 1e3; }},
    {"first_sound_seconds", "first sound s", 3, false,
     [](const Sample& s) { return s.first_sound_seconds; }},
    {"total_s", "total s", 3, false, [](const Sample& s) { return s.stats.total_seconds; }},
    {"rtf", "RTF", 3, false,
     [](const Sample& s) { return per(s.stats.total_seconds, s.audio_seconds); }},
};

std::vector<double> voice_times(const Report& report) {
  std::vector<double> times;
  for (const auto& samples : report.samples) {
    for (const Sample& sample : samples) times.push_back(sample.voice_seconds * 1e3);
  }
  return times;
}

std::string pair_text(const Summary& summary, int decimals) {
  return number_text(summary.best, decimals) + " / " + number_text(summary.median, decimals);
}

ordered_json to_json(const std::string& text, const std::vector<Sample>& samples) {
  ordered_json json = {{"text", text}};
  for (const auto& metric : kMetrics) json[metric.name] = to_json(summarise(samples, metric));
  for (const Sample& sample : samples) json["samples"].push_back(to_json(sample));
  return json;
}

// A row for a table of several models.
void write_memory(std::ostream& out, const Report& report) {
  const EngineReport& engine = report.engine;
  out << "| family | precision | parameters M | weights MiB | KV bytes per position | load s | RSS "
         "loaded MiB | RSS at the end MiB | peak RSS MiB |\n"
         "|---|---|---:|---:|---:|---:|---:|---:|---:|\n| "
      << engine.family << " | " << engine.t3_precision << " and " << engine.s3gen_precision << " | "
      << number_text(static_cast<double>(engine.parameters) / 1e6, 1) << " | "
      << number_text(static_cast<double>(engine.weight_bytes) / kMiB, 0) << " | "
      << engine.kv_bytes_per_position << " | " << number_text(engine.load_seconds, 2) << " | "
      << number_text(report.loaded_rss_mib, 0) << " | " << number_text(report.rss_mib, 0) << " | "
      << number_text(report.peak_rss_mib, 0) << " |\n";
}

}  // namespace

void write_markdown(std::ostream& out, const Plan& plan, const Report& report) {
  const EngineReport& engine = report.engine;
  write_description(out, plan, engine, report.request);
  out << "| text ids | tokens | audio s |";
  for (const auto& metric : kMetrics) out << ' ' << metric.title << " |";
  out << "\n|---:|---:|---:|";
  for ([[maybe_unused]] const auto& metric : kMetrics) out << "---:|";
  out << "\n" << std::fixed << std::setprecision(2);
  for (const auto& samples : report.samples) {
    const Sample& first = samples.front();
    out << "| " << first.stats.text_tokens << " | " << first.stats.speech_tokens << " | "
        << first.audio_seconds << " |";
    for (const auto& metric : kMetrics) {
      out << ' ' << pair_text(summarise(samples, metric), metric.decimals) << " |";
    }
    out << "\n";
  }
  out << "\nBest / median of " << plan.repetitions << " runs after " << plan.warmup
      << " for warm-up. RTF: seconds of work for a second of sound.\n"
      << "In none of the times above: loading";
  const std::vector<double> voices = voice_times(report);
  if (voices.front() > 0) {
    out << "; the voice, " << pair_text(summarise(voices, false), 1) << " ms";
  }
  out << ". Not timed: program start, warm-up. First sound: "
         "until the first samples came.\n\n";
  write_memory(out, report);
}

void write_json(std::ostream& out, const Plan& plan, const Report& report) {
  ordered_json json = describe(plan, report.engine, report.request);
  json["load_seconds"] = report.engine.load_seconds;
  json["peak_rss_mib"] = report.peak_rss_mib;
  json["loaded_rss_mib"] = report.loaded_rss_mib;
  json["rss_mib"] = report.rss_mib;
  for (size_t i = 0; i < plan.texts.size(); ++i) {
    json["texts"].push_back(to_json(plan.texts[i], report.samples[i]));
  }
  write_json(out, json);
}

void write_csv(std::ostream& out, const Report& report) {
  out << "text,repetition,text_tokens,speech_tokens,decode_steps,finish_reason,audio_seconds,"
         "voice_seconds,first_sound_seconds,queued,text_seconds,prefill,decode,flow,vocoder,"
         "watermark,total\n"
      << std::setprecision(std::numeric_limits<float>::max_digits10);
  for (size_t text = 0; text < report.samples.size(); ++text) {
    for (size_t i = 0; i < report.samples[text].size(); ++i) {
      const Sample& sample = report.samples[text][i];
      const ResultStats& stats = sample.stats;
      out << text << ',' << i << ',' << stats.text_tokens << ',' << stats.speech_tokens << ','
          << stats.decode_steps << ',' << finish_reason(stats) << ',' << sample.audio_seconds << ','
          << sample.voice_seconds << ',' << sample.first_sound_seconds << ','
          << stats.queued_seconds << ',' << stats.text_seconds << ',' << stats.prefill_seconds
          << ',' << stats.decode_seconds << ',' << stats.flow_seconds << ','
          << stats.vocoder_seconds << ',' << stats.watermark_seconds << ',' << stats.total_seconds
          << "\n";
    }
  }
}

}  // namespace chatterbox::bench
