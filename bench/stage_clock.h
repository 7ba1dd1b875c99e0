// Where the time of a group of requests goes. The engine reports after each step, so the time
// between two reports of one of its threads is that of the stage that the later one ends. On a CPU
// there is one thread; on CUDA S3Gen has its own: the stages' times overlap, and what it waits for
// the next batch counts as the encoder's.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

namespace chatterbox::bench {

struct StageSeconds {
  double t3 = 0;       // prefills and decode steps
  double encoder = 0;  // of the flow, until its first Euler step
  double cfm = 0;      // the Euler steps
  double vocoder = 0;
  double first_done = 0;  // from the start to the end of the first request
};

class StageClock {
 public:
  // Starts with the object.
  StageClock() : start_(Clock::now()) {}
  // For Request::on_progress of every request of the group, all of one engine.
  void report(const Progress& progress);
  // Once all requests are done.
  [[nodiscard]] const StageSeconds& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;

  struct Report {
    Clock::time_point at;
    Stage stage = Stage::kQueued;
  };

  std::mutex mutex_;
  Clock::time_point start_;
  std::map<std::thread::id, Report> last_;  // of each thread
  StageSeconds seconds_;
};

}  // namespace chatterbox::bench
