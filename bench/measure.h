// What chatterbox-bench runs, and what it measures of it.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace chatterbox::bench {

struct Plan {
  EngineOptions engine;
  std::string voice;  // a recording or a saved voice; empty: the model's own
  std::vector<std::string> texts;
  Request request;  // without text and voice
  int repetitions = 5;
  int warmup = 1;
};

struct Sample {              // one run of one text
  double voice_seconds = 0;  // 0 where no recording was made into a voice
  double audio_seconds = 0;
  Result result;  // without its audio
};

struct Report {
  EngineInfo engine;
  std::vector<std::vector<Sample>> samples;  // [text][repetition]
  double peak_rss_mib = 0;                   // of the process, loading included
  double rss_mib = 0;                        // after the last run
};

// `on_run` is called before each run, warm-up included, with its number and how many there are.
using OnRun = std::function<void(int run, int runs)>;
[[nodiscard]] Report measure(const Plan& plan, const OnRun& on_run);

}  // namespace chatterbox::bench
