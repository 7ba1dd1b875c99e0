#include "cli/running_job.h"

#include <chrono>

#include "cli/interrupt.h"

namespace chatterbox::cli {
namespace {

constexpr std::chrono::milliseconds kPollInterval{50};

}  // namespace

Result wait_for(const Job& job, ProgressLine& line) {
  while (!job.wait_for(kPollInterval)) {
    line.draw();
    if (!interrupted()) continue;
    job.cancel();
    break;
  }
  try {
    return job.wait();
  } catch (const Error& error) {
    if (error.status() == Status::kCancelled && interrupted()) throw Interrupted();
    throw;
  }
}

}  // namespace chatterbox::cli
