// Where the parts of the backend count.
#pragma once

#include <cstdint>
#include <string>

namespace chatterbox::testing {

void count_operator(const std::string& name);
void count_upload(int64_t bytes);
void count_download(int64_t bytes);
void count_synchronisation();

}  // namespace chatterbox::testing
