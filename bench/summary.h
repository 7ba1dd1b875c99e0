// What the reports of both kinds of runs share: metrics, and the header that says what was run.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "measure.h"

namespace chatterbox::bench {

// A figure of a run.
template <class Run>
struct Metric {
  const char* name;   // in JSON
  const char* title;  // in the table
  int decimals;
  bool more_is_better;
  double (*value)(const Run&);
};

struct Summary {
  double best, median;
};
[[nodiscard]] Summary summarise(std::vector<double> values, bool more_is_better);

template <class Run>
Summary summarise(const std::vector<Run>& runs, const Metric<Run>& metric) {
  std::vector<double> values;
  for (const Run& run : runs) values.push_back(metric.value(run));
  return summarise(std::move(values), metric.more_is_better);
}

inline constexpr double kMiB = 1024.0 * 1024.0;

// 0 where there is nothing to divide by.
[[nodiscard]] double per(double amount, double of);
[[nodiscard]] std::string number_text(double value, int decimals);
[[nodiscard]] const char* finish_reason(const ResultStats& stats);
[[nodiscard]] const char* name_of(Mode mode);

[[nodiscard]] nlohmann::ordered_json to_json(const Sample& sample);
[[nodiscard]] nlohmann::ordered_json to_json(const Summary& summary);
// Versions, machine, model and options.
[[nodiscard]] nlohmann::ordered_json describe(const Plan& plan, const EngineReport& engine,
                                              const Request& request);
void write_description(std::ostream& out, const Plan& plan, const EngineReport& engine,
                       const Request& request);
void write_json(std::ostream& out, const nlohmann::ordered_json& json);

}  // namespace chatterbox::bench
