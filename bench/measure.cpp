#include "measure.h"

#include <chrono>
#include <utility>
#include <variant>

#include "memory.h"
#include "runs.h"

namespace chatterbox::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The sample learns when the request's first samples come.
void listen(Request& request, Clock::time_point start, Sample& sample) {
  request.on_audio = [start, &sample](Samples) {
    if (sample.first_sound_seconds == 0) sample.first_sound_seconds = seconds_since(start);
    return true;
  };
}

void describe(const Result& result, Sample& sample) {
  sample.stats = result.stats();
  sample.audio_seconds = static_cast<double>(sample.stats.samples) / result.sample_rate();
}

Sample run(const ChatterboxEngine& engine, const VoiceSource& source, Request request) {
  Sample sample;
  const auto voice_start = Clock::now();
  request.voice = make_voice(engine, source);
  if (std::holds_alternative<Audio>(source)) sample.voice_seconds = seconds_since(voice_start);
  listen(request, Clock::now(), sample);
  describe(engine.generate(std::move(request)), sample);
  return sample;
}

BatchSample run_batch(const ChatterboxEngine& engine, std::vector<Request> requests) {
  BatchSample sample;
  sample.requests.resize(requests.size());
  StageClock clock;
  const auto start = Clock::now();
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].on_progress = [&clock](const Progress& progress) { clock.report(progress); };
    listen(requests[i], start, sample.requests[i]);
  }
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  sample.seconds = seconds_since(start);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].error) throw *outcomes[i].error;
    describe(*outcomes[i].result, sample.requests[i]);
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
  report.request = complete(plan.request, engine.info().defaults);
  const Voice voice = make_voice(engine, open_voice(engine, plan.voice));
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
  report.engine = report_of(engine.info());
  report.limits = engine.limits();
  report.metrics = engine.metrics();
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
  report.request = complete(plan.request, engine.info().defaults);
  const VoiceSource voice = open_voice(engine, plan.voice);
  report.engine = report_of(engine.info());
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
