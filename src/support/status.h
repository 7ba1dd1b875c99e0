// What went wrong, and the exception that says so. The C ABI's statuses under C++ names.
#pragma once

#include <chatterbox/status.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace chatterbox {

// The same names and numbers as chatterbox_status.
enum class Status : int32_t {
#define CHATTERBOX_DEFINE_STATUS(name, camel, value, text) k##camel = (value),
  CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_DEFINE_STATUS)
#undef CHATTERBOX_DEFINE_STATUS
};

// what() is one line that names the offending value and the limit. Never leaves the library: the C
// ABI turns it into its status and chatterbox_last_error().
class Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& message);
  ~Error() override;
  [[nodiscard]] Status status() const noexcept { return status_; }

 private:
  Status status_;
};

}  // namespace chatterbox
