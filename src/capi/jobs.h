// Results of jobs as handles.
#pragma once

#include <memory>

#include "capi/handles.h"

namespace chatterbox::capi {

// Waits for the job. The result is the job's own: it is not copied.
[[nodiscard]] inline chatterbox_result* wait_for_result(const Job& job) {
  const auto owner = std::make_shared<const Job>(job);
  return new chatterbox_result{std::shared_ptr<const Result>(owner, &owner->result()), job.tag()};
}

// For functions that block for the result: once they have returned, no callback is called.
[[nodiscard]] inline chatterbox_result* wait_for_last_callback(const Job& job) {
  job.wait_until_told();
  return wait_for_result(job);
}

}  // namespace chatterbox::capi
