#include "support/failure.h"

#include <exception>
#include <new>

namespace chatterbox {
namespace {

Failure translate() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.status(), error.what()};
  } catch (const std::bad_alloc&) {
    return {Status::kOutOfMemory, "out of memory"};
  } catch (const std::exception& error) {
    return {Status::kInternal, error.what()};
  } catch (...) {
    return {Status::kInternal, "unknown exception"};
  }
}

}  // namespace

Failure current_failure() noexcept {
  try {
    return translate();
  } catch (...) {
    // There was no memory for the message. This one fits into a string without any.
    return {Status::kOutOfMemory, "out of memory"};
  }
}

}  // namespace chatterbox
