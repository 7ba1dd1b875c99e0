#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "measure.h"
#include "memory.h"
#include "runs.h"

namespace chatterbox::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

double audio_seconds(const Result& result) {
  return static_cast<double>(result.stats().samples) / result.sample_rate();
}

Result stream(const ChatterboxEngine& engine, Request request) {
  request.stream = StreamMode::kChunks;
  request.on_audio = [](Samples) { return true; };
  return engine.generate(request);
}

// What the listeners have heard so far.
class Heard {
 public:
  explicit Heard(StreamReport& report) : report_(report) {}

  void add(const Result& result) {
    const std::lock_guard<std::mutex> lock(mutex_);
    report_.streams.push_back(result.stream_stats());
    report_.audio_seconds += audio_seconds(result);
  }
  void fail() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  StreamReport& report_;
  std::exception_ptr failure_;
};

// Asks, listens to the end, and asks again. The silence of an underrun delays the end.
void listen(const ChatterboxEngine& engine, const std::vector<Request>& requests, Seconds begin,
            Heard& heard) {
  std::this_thread::sleep_for(begin);
  try {
    for (const Request& request : requests) {
      const auto asked = Clock::now();
      const Result result = stream(engine, request);
      const StreamStats stats = result.stream_stats();
      heard.add(result);
      std::this_thread::sleep_until(asked + std::chrono::duration_cast<Clock::duration>(Seconds(
                                                stats.first_sound_seconds + audio_seconds(result) +
                                                stats.largest_underrun_seconds)));
    }
  } catch (...) {
    heard.fail();
  }
}

void run_listeners(const ChatterboxEngine& engine, const Plan& plan,
                   const std::vector<Request>& requests, Seconds apart, StreamReport& report) {
  Heard heard(report);
  std::vector<std::thread> threads;
  const auto start = Clock::now();
  const auto each = static_cast<std::ptrdiff_t>(plan.repetitions);
  for (int i = 0; i < report.listeners; ++i) {
    const auto own = requests.begin() + i * each;
    threads.emplace_back([&, own_requests = std::vector<Request>(own, own + each), i] {
      listen(engine, own_requests, apart * i, heard);
    });
  }
  for (std::thread& thread : threads) thread.join();
  report.seconds = Seconds(Clock::now() - start).count();
  heard.rethrow();
}

StreamReport measure_listeners(const Plan& plan, int listeners) {
  reset_peak_rss();
  const ChatterboxEngine engine = ChatterboxEngine::load(plan.engine);
  StreamReport report;
  report.listeners = listeners;
  report.request = complete(plan.request, engine.info().defaults);
  const Voice voice = make_voice(engine, open_voice(engine, plan.voice));
  const std::vector<Request> requests =
      make_requests(plan.texts, report.request, voice, listeners * plan.repetitions);
  double length = 0;
  for (int i = 0; i < std::max(1, plan.warmup); ++i) {
    length = audio_seconds(stream(engine, requests.front()));
  }
  run_listeners(engine, plan, requests, Seconds(length / listeners), report);
  report.engine = report_of(engine.info());
  report.peak_rss_mib = peak_rss_mib();
  return report;
}

}  // namespace

std::vector<StreamReport> measure_streams(const Plan& plan, const OnRun& on_run) {
  std::vector<StreamReport> reports;
  for (const int listeners : plan.listeners) {
    on_run(static_cast<int>(reports.size()) + 1, static_cast<int>(plan.listeners.size()));
    reports.push_back(measure_listeners(plan, listeners));
  }
  return reports;
}

}  // namespace chatterbox::bench
