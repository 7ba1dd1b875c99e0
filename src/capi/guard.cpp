#include "capi/guard.h"

#include <string>
#include <utility>

#include "support/failure.h"

namespace chatterbox::capi {
namespace {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

}  // namespace

chatterbox_status record_failure() noexcept {
  Failure failure = current_failure();
  last_error() = std::move(failure.message);
  return static_cast<chatterbox_status>(failure.status);
}

}  // namespace chatterbox::capi

const char* chatterbox_last_error(void) { return chatterbox::capi::last_error().c_str(); }
