// libtorch's exceptions as ours.
#pragma once

#include <c10/util/Exception.h>

#include <string_view>

#include "nn/torch_failure.h"
#include "support/error.h"

namespace chatterbox::runtime {

[[nodiscard]] inline Status status_of(nn::TorchFailure failure) {
  switch (failure) {
    case nn::TorchFailure::kMemory:
      return Status::kOutOfMemory;
    case nn::TorchFailure::kDevice:
      return Status::kDeviceLost;
    case nn::TorchFailure::kOther:
      break;
  }
  return Status::kInternal;
}

// Runs `work`; a c10::Error becomes an Error with its first line and without its backtrace:
// kOutOfMemory, kDeviceLost, or kInternal.
template <class Work>
auto translate_torch_errors(Work&& work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    const std::string_view text = error.what_without_backtrace();
    fail(status_of(nn::kind_of(error)), "libtorch: {}", text.substr(0, text.find('\n')));
  }
}

}  // namespace chatterbox::runtime
