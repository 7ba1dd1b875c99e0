// What chatterbox-bench runs, and what it measures of it.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <string>
#include <vector>

#include "stage_clock.h"

namespace chatterbox::bench {

struct Plan {
  EngineOptions engine;  // without mode and max_batch
  std::string voice;     // a recording or a saved voice; empty: the model's own
  std::vector<std::string> texts;
  Request request;  // what is unset is the family's own; has a seed
  int repetitions = 5;
  int warmup = 1;
  // For measure_batches(): every mode with every batch size.
  std::vector<Mode> modes;
  std::vector<int> batch_sizes;
  std::vector<int> listeners;  // for measure_streams()
};

struct Sample {  // one request
  ResultStats stats = {};
  double voice_seconds = 0;        // 0 where no recording was made into a voice
  double audio_seconds = 0;        // of sound that was made
  double first_sound_seconds = 0;  // from giving the request until its first samples came
};

// An EngineInfo as reports have it: its strings outlive the engine.
struct EngineReport {
  std::string family, model, device, precision, t3_precision, s3gen_precision, kv_cache;
  std::string t3_kernels, s3gen_kernels;
  int32_t threads = 0;
  bool watermark = false;
  int64_t parameters = 0, weight_bytes = 0, kv_bytes_per_position = 0;
  double load_seconds = 0;
};

struct Report {
  EngineReport engine;
  Request request;                           // of all runs, but for text and voice; nothing unset
  double loaded_rss_mib = 0;                 // once the model was loaded
  std::vector<std::vector<Sample>> samples;  // [text][repetition]
  double peak_rss_mib = 0;                   // of the process, loading included
  double rss_mib = 0;                        // after the last run
};

// `on_run` is called before each run, warm-up included, with its number and how many there are.
using OnRun = std::function<void(int run, int runs)>;
// One request at a time.
[[nodiscard]] Report measure(const Plan& plan, const OnRun& on_run);

struct BatchSample {   // one run of a batch
  double seconds = 0;  // from giving the requests to the end of the last one
  StageSeconds stages;
  std::vector<Sample> requests;  // in order; their timings include waiting for one another
};

struct BatchReport {  // of one mode and batch size
  Mode mode = Mode::kSequential;
  int batch_size = 0;
  EngineReport engine;
  Request request;  // as above; the seed is the first request's
  Limits limits = {};
  Metrics metrics = {};  // after the last run, so that its counts are of all runs
  double loaded_rss_mib = 0;
  std::vector<BatchSample> samples;
  double peak_rss_mib = 0;  // since the engine began to load
  double rss_mib = 0;       // after the last run
};

// As many requests as the batch size at a time: the texts in turn, each with the next seed. A new
// engine for every report.
[[nodiscard]] std::vector<BatchReport> measure_batches(const Plan& plan, const OnRun& on_run);

struct StreamReport {  // of so many listeners
  int listeners = 0;
  EngineReport engine;
  Request request;  // as above; the seed is the first listener's first
  std::vector<StreamStats> streams;
  double audio_seconds = 0;  // of all of them
  double seconds = 0;        // that it took
  double peak_rss_mib = 0;   // since the engine began to load
};

// Listeners who play what they asked for as it comes, and ask again when they have heard it:
// `repetitions` times each. They begin one after the other, in the time that a first stream takes
// to hear. A new engine for every number of them.
[[nodiscard]] std::vector<StreamReport> measure_streams(const Plan& plan, const OnRun& on_run);

}  // namespace chatterbox::bench
