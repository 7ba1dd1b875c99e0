#include "server/server_metrics.h"

#include <unistd.h>

#include <chatterbox/status.h>
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace chatterbox::server {
namespace {

// The underrun that a listener does not mind: what other servers' continuity rates use.
constexpr double kSmallUnderrun = 0.1;

std::string number(double value) { return nlohmann::json(value).dump(); }

void family(std::string& out, const char* name, const char* type, const char* help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

void single(std::string& out, const char* name, const char* type, const char* help, double value) {
  family(out, name, type, help);
  out.append(name).append(" ").append(number(value)).append("\n");
}

// Names of models are folders' names: a quote or a line break must not break the format.
std::string label(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

struct EngineGauge {
  const char* name;
  const char* type;
  const char* help;
  double (*value)(const Metrics&);
};

constexpr EngineGauge kEngineGauges[] = {
    {"chatterbox_engine_healthy", "gauge", "1: the engine works",
     [](const Metrics& m) { return static_cast<double>(m.healthy); }},
    {"chatterbox_engine_running", "gauge", "Requests that have started and are not done",
     [](const Metrics& m) { return static_cast<double>(m.running); }},
    {"chatterbox_engine_waiting", "gauge", "Requests in the queue",
     [](const Metrics& m) { return static_cast<double>(m.waiting); }},
    {"chatterbox_engine_queue_seconds", "gauge", "Estimated seconds of work that is there",
     [](const Metrics& m) { return m.queue_seconds; }},
    {"chatterbox_engine_rows_in_use", "gauge", "Rows of the KV cache in use",
     [](const Metrics& m) { return static_cast<double>(m.rows_in_use); }},
    {"chatterbox_engine_speech_tokens_total", "counter", "Speech tokens drawn",
     [](const Metrics& m) { return static_cast<double>(m.speech_tokens); }},
    {"chatterbox_engine_decode_steps_total", "counter", "Decode steps run, each for all rows",
     [](const Metrics& m) { return static_cast<double>(m.decode_steps); }},
    {"chatterbox_engine_audio_seconds_total", "counter", "Seconds of speech made",
     [](const Metrics& m) { return m.audio_seconds; }},
    {"chatterbox_engine_step_seconds", "gauge", "Moving average of a decode step's time",
     [](const Metrics& m) { return m.step_seconds; }},
    {"chatterbox_engine_seconds_since_step", "gauge", "Since a unit of work ended; 0 when idle",
     [](const Metrics& m) { return m.seconds_since_step; }},
};

void write_engines(std::string& out, const Models& models) {
  std::vector<std::pair<std::string, Metrics>> engines;
  for (const std::string& name : models.names()) {
    if (const EngineHandle engine = models.if_loaded(name)) {
      engines.emplace_back(label(name), engine->metrics());
    }
  }
  for (const EngineGauge& gauge : kEngineGauges) {
    family(out, gauge.name, gauge.type, gauge.help);
    for (const auto& [name, metrics] : engines) {
      out.append(gauge.name).append("{model=\"").append(name).append("\"} ");
      out.append(number(gauge.value(metrics))).append("\n");
    }
  }
}

}  // namespace

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  if (!(file >> size >> resident)) return 0;
  return resident * sysconf(_SC_PAGESIZE);
}

void ServerMetrics::Histogram::add(double value) {
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), value);
  ++counts[static_cast<size_t>(bound - kBounds.begin())];
  sum += value;
}

void ServerMetrics::Histogram::write(std::string& out, const char* name) const {
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const std::string bound = i < kBounds.size() ? number(kBounds[i]) : "+Inf";
    out.append(name).append("_bucket{le=\"").append(bound).append("\"} ");
    out.append(std::to_string(total)).append("\n");
  }
  out.append(name).append("_sum ").append(number(sum)).append("\n");
  out.append(name).append("_count ").append(std::to_string(total)).append("\n");
}

void ServerMetrics::begin() {
  const std::lock_guard lock(mutex_);
  ++in_flight_;
}

void ServerMetrics::end(const RequestRecord& record) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  ++requests_[{record.route, record.end}];
  bytes_ += record.bytes;
  duration_.add(record.seconds);
  if (record.first_audio_seconds <= 0) return;
  first_audio_.add(record.first_audio_seconds);
  queued_.add(record.queued_seconds);
  audio_seconds_ += record.audio_seconds;
  underrun_seconds_ += record.largest_underrun_seconds;
  if (record.end != "ok") return;
  ++streams_;
  if (record.largest_underrun_seconds <= kSmallUnderrun) ++streams_without_underrun_;
}

int64_t ServerMetrics::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

void ServerMetrics::write_requests(std::string& out) const {
  family(out, "chatterbox_requests_total", "counter", "Requests by route and how they ended");
  for (const auto& [key, count] : requests_) {
    out.append("chatterbox_requests_total{route=\"").append(label(key.first)).append("\",end=\"");
    out.append(key.second).append("\"} ").append(std::to_string(count)).append("\n");
  }
}

std::string ServerMetrics::text(const Models& models, size_t connections, bool draining) const {
  std::string out;
  const auto count = [](auto value) { return static_cast<double>(value); };
  family(out, "chatterbox_build_info", "gauge", "Always 1; the label tells the version");
  out.append("chatterbox_build_info{version=\"").append(chatterbox_version()).append("\"} 1\n");
  {
    const std::lock_guard lock(mutex_);
    write_requests(out);
    single(out, "chatterbox_requests_in_flight", "gauge", "Requests being answered",
           count(in_flight_));
    single(out, "chatterbox_audio_seconds_total", "counter", "Seconds of speech sent",
           audio_seconds_);
    single(out, "chatterbox_audio_underrun_seconds_total", "counter",
           "Largest silences of streams, summed up", underrun_seconds_);
    single(out, "chatterbox_streams_total", "counter", "Streams that ended well", count(streams_));
    single(out, "chatterbox_streams_continuous_total", "counter",
           "Of them, those without a silence over 100 ms", count(streams_without_underrun_));
    single(out, "chatterbox_sent_bytes_total", "counter", "Bytes of answers", count(bytes_));
    family(out, "chatterbox_first_audio_seconds", "histogram", "From a request to its first audio");
    first_audio_.write(out, "chatterbox_first_audio_seconds");
    family(out, "chatterbox_queued_seconds", "histogram", "Spent in the queue");
    queued_.write(out, "chatterbox_queued_seconds");
    family(out, "chatterbox_request_seconds", "histogram", "From a request to its end");
    duration_.write(out, "chatterbox_request_seconds");
  }
  single(out, "chatterbox_connections", "gauge", "Connections", count(connections));
  single(out, "chatterbox_draining", "gauge", "1: ends when what runs has ended", draining ? 1 : 0);
  single(out, "process_resident_memory_bytes", "gauge", "Memory of the process",
         count(resident_bytes()));
  write_engines(out, models);
  return out;
}

}  // namespace chatterbox::server
