#include "measure.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <utility>

#include "memory.h"

namespace chatterbox::bench {
namespace {

bool is_wav(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(Status::kNotFound, path + ": " + std::strerror(errno));
  std::string start(4, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  return start == "RIFF" || start == "RIFX" || start == "RF64";
}

// The voice of the runs: a recording is made into one anew for each, so that this is measured too.
struct VoiceSource {
  std::optional<Audio> recording;
  std::optional<Voice> voice;
};

VoiceSource open_voice(const ChatterboxEngine& engine, const std::string& path) {
  VoiceSource source;
  if (path.empty()) {
    source.voice = engine.default_voice();
  } else if (is_wav(path)) {
    source.recording = read_wav(path);
  } else {
    source.voice = Voice::load(path);
  }
  return source;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Sample without_audio(Result result) {
  Sample sample;
  const Audio audio = std::exchange(result.audio, {});
  sample.audio_seconds = static_cast<double>(audio.samples.size()) / audio.sample_rate;
  sample.result = std::move(result);
  return sample;
}

Sample run(const ChatterboxEngine& engine, const VoiceSource& source, Request request) {
  double voice_seconds = 0;
  request.voice = source.voice;
  if (source.recording) {
    const auto start = std::chrono::steady_clock::now();
    request.voice = engine.make_voice(*source.recording);
    voice_seconds = seconds_since(start);
  }
  Sample sample = without_audio(engine.generate(request));
  sample.voice_seconds = voice_seconds;
  return sample;
}

std::vector<Request> make_requests(const std::vector<std::string>& texts, const Request& common,
                                   const Voice& voice, int count) {
  std::vector<Request> requests(static_cast<size_t>(count), common);
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].text = texts[i % texts.size()];
    requests[i].voice = voice;
    requests[i].seed = *common.seed + i;
  }
  return requests;
}

BatchSample run_batch(const ChatterboxEngine& engine, std::vector<Request> requests) {
  BatchSample sample;
  StageClock clock;
  for (Request& request : requests) {
    request.on_progress = [&clock](const Progress& progress) { clock.report(progress); };
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<Outcome> outcomes = engine.generate_batch(requests);
  sample.seconds = seconds_since(start);
  for (Outcome& outcome : outcomes) {
    if (outcome.error) throw *outcome.error;
    sample.requests.push_back(without_audio(*std::move(outcome.result)));
  }
  sample.stages = clock.seconds();
  return sample;
}

BatchReport measure_batch(const Plan& plan, Mode mode, int batch_size,
                          const std::function<void()>& on_run) {
  reset_peak_rss();
  BatchReport report;
  report.mode = mode;
  report.batch_size = batch_size;
  EngineOptions options = plan.engine;
  options.mode = mode;
  options.max_batch = batch_size;
  const ChatterboxEngine engine = ChatterboxEngine::load(options);
  report.loaded_rss_mib = rss_mib();
  report.request = plan.request.over(engine.default_request());
  const VoiceSource source = open_voice(engine, plan.voice);
  const Voice voice = source.recording ? engine.make_voice(*source.recording) : *source.voice;
  const std::vector<Request> requests =
      make_requests(plan.texts, report.request, voice, batch_size);
  for (int round = 0; round < plan.warmup; ++round) {  // one request touches all the weights
    on_run();
    run_batch(engine, {requests.front()});
  }
  for (int round = 0; round < plan.repetitions; ++round) {
    on_run();
    report.samples.push_back(run_batch(engine, requests));
  }
  report.engine = engine.info();
  report.capacity = engine.capacity();
  report.peak_rss_mib = peak_rss_mib();
  report.rss_mib = rss_mib();
  return report;
}

}  // namespace

Report measure(const Plan& plan, const OnRun& on_run) {
  EngineOptions options = plan.engine;
  options.mode = Mode::kSequential;
  const ChatterboxEngine engine = ChatterboxEngine::load(options);
  Report report;
  report.loaded_rss_mib = rss_mib();
  report.request = plan.request.over(engine.default_request());
  const VoiceSource voice = open_voice(engine, plan.voice);
  report.engine = engine.info();
  report.samples.resize(plan.texts.size());
  const int rounds = plan.warmup + plan.repetitions;
  const int runs = rounds * static_cast<int>(plan.texts.size());
  int number = 0;
  // The texts take turns, so that a slow moment of the machine does not meet one of them alone.
  for (int round = 0; round < rounds; ++round) {
    for (size_t text = 0; text < plan.texts.size(); ++text) {
      on_run(++number, runs);
      Request request = report.request;
      request.text = plan.texts[text];
      Sample sample = run(engine, voice, std::move(request));
      if (round >= plan.warmup) report.samples[text].push_back(std::move(sample));
    }
  }
  report.peak_rss_mib = peak_rss_mib();
  report.rss_mib = rss_mib();
  return report;
}

std::vector<BatchReport> measure_batches(const Plan& plan, const OnRun& on_run) {
  const auto configurations = static_cast<int>(plan.modes.size() * plan.batch_sizes.size());
  const int runs = configurations * (plan.warmup + plan.repetitions);
  int number = 0;
  std::vector<BatchReport> reports;
  for (const int batch_size : plan.batch_sizes) {
    for (const Mode mode : plan.modes) {
      reports.push_back(measure_batch(plan, mode, batch_size, [&] { on_run(++number, runs); }));
    }
  }
  return reports;
}

}  // namespace chatterbox::bench
