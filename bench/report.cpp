#include "report.h"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace chatterbox::bench {
namespace {

using nlohmann::ordered_json;

struct Metric {
  const char* name;   // in JSON
  const char* title;  // in the table
  int decimals;
  bool more_is_better;
  double (*value)(const Sample&);
};

double per(double amount, double of) { return of > 0 ? amount / of : 0; }

const Metric kMetrics[] = {
    {"prefill_ms", "prefill ms", 1, false,
     [](const Sample& s) { return s.result.timings.prefill * 1e3; }},
    {"decode_ms_per_step", "decode ms/step", 2, false,
     [](const Sample& s) {
       return per(s.result.timings.decode * 1e3, static_cast<double>(s.result.decode_steps));
     }},
    {"tokens_per_second", "tok/s", 2, true,
     [](const Sample& s) {
       return per(static_cast<double>(s.result.speech_tokens),
                  s.result.timings.prefill + s.result.timings.decode);
     }},
    {"flow_ms", "flow ms", 1, false, [](const Sample& s) { return s.result.timings.flow * 1e3; }},
    {"vocoder_ms", "vocoder ms", 1, false,
     [](const Sample& s) { return s.result.timings.vocoder * 1e3; }},
    {"total_s", "total s", 3, false, [](const Sample& s) { return s.result.timings.total; }},
    {"rtf", "RTF", 3, false,
     [](const Sample& s) { return per(s.result.timings.total, s.audio_seconds); }},
};

struct Summary {
  double best, median;
};

Summary summarise(std::vector<double> values, bool more_is_better) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {more_is_better ? values.back() : values.front(), median};
}

template <class Value>
std::vector<double> collect(const std::vector<Sample>& samples, Value value) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(value(sample));
  return values;
}

std::vector<double> voice_times(const Report& report) {
  std::vector<double> times;
  for (const auto& samples : report.samples) {
    for (const Sample& sample : samples) times.push_back(sample.voice_seconds * 1e3);
  }
  return times;
}

std::string pair_text(const Summary& summary, int decimals) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << summary.best << " / " << summary.median;
  return out.str();
}

const char* name_of(FinishReason reason) {
  return reason == FinishReason::kEos ? "eos" : "max_tokens";
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.compare(0, 10, "model name") == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

ordered_json to_json(const Sample& sample) {
  const Result& result = sample.result;
  const Timings& timings = result.timings;
  return {
      {"text_tokens", result.text_tokens},
      {"speech_tokens", result.speech_tokens},
      {"decode_steps", result.decode_steps},
      {"finish_reason", name_of(result.finish_reason)},
      {"audio_seconds", sample.audio_seconds},
      {"voice_seconds", sample.voice_seconds},
      {"timings",
       {{"queued", timings.queued},
        {"text", timings.text},
        {"prefill", timings.prefill},
        {"decode", timings.decode},
        {"flow", timings.flow},
        {"vocoder", timings.vocoder},
        {"total", timings.total}}},
  };
}

ordered_json to_json(const std::string& text, const std::vector<Sample>& samples) {
  ordered_json json = {{"text", text}};
  for (const Metric& metric : kMetrics) {
    const Summary summary = summarise(collect(samples, metric.value), metric.more_is_better);
    json[metric.name] = {{"best", summary.best}, {"median", summary.median}};
  }
  for (const Sample& sample : samples) json["samples"].push_back(to_json(sample));
  return json;
}

}  // namespace

void write_markdown(std::ostream& out, const Plan& plan, const Report& report) {
  const EngineInfo& engine = report.engine;
  out << chatterbox_build_info() << "; " << cpu_name() << "\n"
      << "model " << engine.model << ", " << engine.device << ", " << engine.precision
      << ", threads "
      << (plan.engine.threads == 0 ? "one per core" : std::to_string(plan.engine.threads))
      << ", seed " << *plan.request.seed << "\n\n";
  out << "| text ids | tokens | audio s |";
  for (const Metric& metric : kMetrics) out << ' ' << metric.title << " |";
  out << "\n|---:|---:|---:|";
  for ([[maybe_unused]] const Metric& metric : kMetrics) out << "---:|";
  out << "\n" << std::fixed << std::setprecision(2);
  for (const auto& samples : report.samples) {
    const Sample& first = samples.front();
    out << "| " << first.result.text_tokens << " | " << first.result.speech_tokens << " | "
        << first.audio_seconds << " |";
    for (const Metric& metric : kMetrics) {
      const Summary summary = summarise(collect(samples, metric.value), metric.more_is_better);
      out << ' ' << pair_text(summary, metric.decimals) << " |";
    }
    out << "\n";
  }
  out << "\nBest / median of " << plan.repetitions << " runs after " << plan.warmup
      << " for warm-up. RTF: seconds of work for a second of sound.\n"
      << "Loading " << engine.load_seconds << " s";
  const std::vector<double> voices = voice_times(report);
  if (voices.front() > 0) out << ", voice " << pair_text(summarise(voices, false), 1) << " ms";
  out << ": in none of the times above. Not timed: program start, warm-up.\n"
      << std::setprecision(0) << "Peak RSS " << report.peak_rss_mib << " MiB, after the last run "
      << report.rss_mib << " MiB.\n";
}

void write_json(std::ostream& out, const Plan& plan, const Report& report) {
  const EngineInfo& engine = report.engine;
  ordered_json json = {
      {"version", chatterbox_version()},
      {"build", chatterbox_build_info()},
      {"cpu", cpu_name()},
      {"cores", std::thread::hardware_concurrency()},
      {"model", engine.model},
      {"family", engine.family},
      {"device", engine.device},
      {"precision", engine.precision},
      {"threads", plan.engine.threads},
      {"voice", plan.voice},
      {"seed", *plan.request.seed},
      {"max_new_tokens", plan.request.max_new_tokens},
      {"repetitions", plan.repetitions},
      {"warmup", plan.warmup},
      {"load_seconds", engine.load_seconds},
      {"peak_rss_mib", report.peak_rss_mib},
      {"rss_mib", report.rss_mib},
  };
  for (size_t i = 0; i < plan.texts.size(); ++i) {
    json["texts"].push_back(to_json(plan.texts[i], report.samples[i]));
  }
  // Paths need not be UTF-8.
  out << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

void write_csv(std::ostream& out, const Report& report) {
  out << "text,repetition,text_tokens,speech_tokens,decode_steps,finish_reason,audio_seconds,"
         "voice_seconds,queued,text_seconds,prefill,decode,flow,vocoder,total\n"
      << std::setprecision(std::numeric_limits<float>::max_digits10);
  for (size_t text = 0; text < report.samples.size(); ++text) {
    for (size_t i = 0; i < report.samples[text].size(); ++i) {
      const Sample& sample = report.samples[text][i];
      const Result& result = sample.result;
      const Timings& times = result.timings;
      out << text << ',' << i << ',' << result.text_tokens << ',' << result.speech_tokens << ','
          << result.decode_steps << ',' << name_of(result.finish_reason) << ','
          << sample.audio_seconds << ',' << sample.voice_seconds << ',' << times.queued << ','
          << times.text << ',' << times.prefill << ',' << times.decode << ',' << times.flow << ','
          << times.vocoder << ',' << times.total << "\n";
    }
  }
}

}  // namespace chatterbox::bench
