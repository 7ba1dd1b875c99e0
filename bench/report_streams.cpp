#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <nlohmann/json.hpp>

#include "report.h"
#include "summary.h"

namespace chatterbox::bench {
namespace {

using nlohmann::ordered_json;

// The nearest rank.
double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  return values[static_cast<size_t>(std::max(1.0, rank)) - 1];
}

std::vector<double> of_all(const StreamReport& report, double StreamStats::*member) {
  std::vector<double> values;
  for (const StreamStats& stream : report.streams) values.push_back(stream.*member);
  return values;
}

double first_sound(const StreamReport& report, double share) {
  return percentile(of_all(report, &StreamStats::first_sound_seconds), share);
}

double worst_underrun(const StreamReport& report) {
  return percentile(of_all(report, &StreamStats::largest_underrun_seconds), 1);
}

// C100: the share of streams without a silence of more than 100 ms.
double smooth_share(const StreamReport& report) {
  constexpr double kHeardSilence = 0.1;  // seconds
  const auto smooth = std::count_if(
      report.streams.begin(), report.streams.end(),
      [](const StreamStats& stream) { return stream.largest_underrun_seconds <= kHeardSilence; });
  return per(static_cast<double>(smooth), static_cast<double>(report.streams.size()));
}

const Metric<StreamReport> kMetrics[] = {
    {"first_sound_median", "first sound s, median", 3, false,
     [](const StreamReport& report) { return first_sound(report, 0.5); }},
    {"first_sound_p95", "95 of 100 before", 3, false,
     [](const StreamReport& report) { return first_sound(report, 0.95); }},
    {"first_sound_max", "latest", 3, false,
     [](const StreamReport& report) { return first_sound(report, 1); }},
    {"c100", "C100", 3, true, smooth_share},
    {"worst_underrun", "worst silence s", 3, false, worst_underrun},
    {"audio_per_second", "s of sound a second", 2, true,
     [](const StreamReport& report) { return per(report.audio_seconds, report.seconds); }},
    {"peak_rss_mib", "peak RSS MiB", 0, false,
     [](const StreamReport& report) { return report.peak_rss_mib; }},
};

}  // namespace

void write_markdown(std::ostream& out, const Plan& plan, const StreamReports& reports) {
  write_description(out, plan, reports.front().engine, reports.front().request);
  out << "| listeners | streams |";
  for (const auto& metric : kMetrics) out << ' ' << metric.title << " |";
  out << "\n|---:|---:|";
  for ([[maybe_unused]] const auto& metric : kMetrics) out << "---:|";
  out << "\n";
  for (const StreamReport& report : reports) {
    out << "| " << report.listeners << " | " << report.streams.size() << " |";
    for (const auto& metric : kMetrics) {
      out << ' ' << number_text(metric.value(report), metric.decimals) << " |";
    }
    out << "\n";
  }
  out << "\nC100: the share of streams without a silence of more than 100 ms for who plays them as "
         "they come.\n";
}

void write_json(std::ostream& out, const Plan& plan, const StreamReports& reports) {
  ordered_json json = describe(plan, reports.front().engine, reports.front().request);
  json["texts"] = plan.texts;
  for (const StreamReport& report : reports) {
    ordered_json entry = {{"listeners", report.listeners}};
    for (const auto& metric : kMetrics) entry[metric.name] = metric.value(report);
    for (const StreamStats& stream : report.streams) {
      entry["streams"].push_back({{"first_sound_seconds", stream.first_sound_seconds},
                                  {"largest_underrun_seconds", stream.largest_underrun_seconds},
                                  {"chunks", stream.chunk_count}});
    }
    json["streams"].push_back(std::move(entry));
  }
  write_json(out, json);
}

void write_csv(std::ostream& out, const StreamReports& reports) {
  out << "listeners,stream,first_sound_seconds,largest_underrun_seconds,chunks\n"
      << std::setprecision(std::numeric_limits<float>::max_digits10);
  for (const StreamReport& report : reports) {
    for (size_t i = 0; i < report.streams.size(); ++i) {
      const StreamStats& stream = report.streams[i];
      out << report.listeners << ',' << i << ',' << stream.first_sound_seconds << ','
          << stream.largest_underrun_seconds << ',' << stream.chunk_count << "\n";
    }
  }
}

}  // namespace chatterbox::bench
