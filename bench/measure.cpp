#include "measure.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <utility>

namespace chatterbox::bench {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

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

Sample run(const ChatterboxEngine& engine, const VoiceSource& source, Request request) {
  Sample sample;
  request.voice = source.voice;
  if (source.recording) {
    const auto start = std::chrono::steady_clock::now();
    request.voice = engine.make_voice(*source.recording);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    sample.voice_seconds = elapsed.count();
  }
  sample.result = engine.generate(request);
  const Audio audio = std::exchange(sample.result.audio, {});
  sample.audio_seconds = static_cast<double>(audio.samples.size()) / audio.sample_rate;
  return sample;
}

double peak_rss_mib() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / kMiB;  // Linux counts KiB
}

double rss_mib() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / kMiB;
}

}  // namespace

Report measure(const Plan& plan, const OnRun& on_run) {
  const ChatterboxEngine engine = ChatterboxEngine::load(plan.engine);
  const VoiceSource voice = open_voice(engine, plan.voice);
  Report report;
  report.engine = engine.info();
  report.samples.resize(plan.texts.size());
  const int rounds = plan.warmup + plan.repetitions;
  const int runs = rounds * static_cast<int>(plan.texts.size());
  int number = 0;
  // The texts take turns, so that a slow moment of the machine does not meet one of them alone.
  for (int round = 0; round < rounds; ++round) {
    for (size_t text = 0; text < plan.texts.size(); ++text) {
      on_run(++number, runs);
      Request request = plan.request;
      request.text = plan.texts[text];
      Sample sample = run(engine, voice, std::move(request));
      if (round >= plan.warmup) report.samples[text].push_back(std::move(sample));
    }
  }
  report.peak_rss_mib = peak_rss_mib();
  report.rss_mib = rss_mib();
  return report;
}

}  // namespace chatterbox::bench
