// Where the time of a group of requests goes. The engine reports from its one thread, after each
// step, so the time between two reports is that of the stage that the later one ends.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <chrono>

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
  StageClock() : start_(Clock::now()), last_(start_) {}
  // For Request::on_progress of every request of the group, all of one engine.
  void report(const Progress& progress);
  // Once all requests are done.
  [[nodiscard]] const StageSeconds& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point start_, last_;
  Stage last_stage_ = Stage::kQueued;
  StageSeconds seconds_;
};

}  // namespace chatterbox::bench
