#include "cli/running_job.h"

#include <optional>

#include "cli/interrupt.h"

namespace chatterbox::cli {

void end(const Job& job) noexcept {
  job.cancel();
  const chatterbox_job* handle = job.handle();
  uint64_t index = 0;
  (void)chatterbox_jobs_wait_any(&handle, 1, CHATTERBOX_FOREVER, &index);
}

Result wait_for(const Job& job, ProgressLine& line) {
  const JobGuard guard(job);
  try {
    for (;;) {
      if (std::optional<Result> result = job.wait_for(kPollInterval)) return *std::move(result);
      line.draw();
      if (interrupted()) job.cancel();
    }
  } catch (const Error& error) {
    rethrow_as_interrupt(error);
  }
}

}  // namespace chatterbox::cli
