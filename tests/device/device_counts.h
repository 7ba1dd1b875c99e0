// Where the parts of the backend count.
#pragma once

#include <cstdint>
#include <string>

namespace chatterbox::testing {

void count_operator(const std::string& name);
void count_upload(int64_t bytes);
void count_download(int64_t bytes);
void count_synchronisation();
void count_replay();
// Work that was queued so far, counted or not.
[[nodiscard]] int64_t work_so_far();
// The host waits for the first so much of it.
void count_wait_for(int64_t work);

}  // namespace chatterbox::testing
