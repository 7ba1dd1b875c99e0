// A job that the program waits for.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <chrono>

#include "cli/progress.h"

namespace chatterbox::cli {

// How often the program looks at the job, the terminal and interrupts.
inline constexpr std::chrono::milliseconds kPollInterval{50};

// Ends a job whose callbacks refer to what is about to go: cancels it, and waits until it is done.
void end(const Job& job) noexcept;

// Where an exception leaves, it ends the job.
class JobGuard {
 public:
  explicit JobGuard(const Job& job) : job_(job) {}
  ~JobGuard() { end(job_); }
  JobGuard(const JobGuard&) = delete;
  JobGuard& operator=(const JobGuard&) = delete;

 private:
  const Job& job_;
};

// Waits while drawing the progress; an interrupt cancels the job, and is thrown after its end.
[[nodiscard]] Result wait_for(const Job& job, ProgressLine& line);

// Submits a Request or a Conversion and waits for it.
template <class Asked>
[[nodiscard]] Result wait_with_progress(const ChatterboxEngine& engine, Asked asked) {
  ProgressLine line;
  if (line.enabled()) {
    asked.on_progress = [&line](const Progress& progress) { line.update(progress); };
  }
  return wait_for(engine.submit(asked), line);
}

}  // namespace chatterbox::cli
