// What one of libtorch's exceptions says of the time after it.
#pragma once

#include <c10/util/Exception.h>

#include <exception>

namespace chatterbox::nn {

enum class TorchFailure {
  kMemory,  // there was too little: less work may succeed
  kDevice,  // CUDA's errors are sticky: nothing on the device works any more in this process
  kOther,
};

[[nodiscard]] TorchFailure kind_of(const c10::Error& error);
// Whether it is one of kDevice.
[[nodiscard]] bool device_is_lost(const std::exception_ptr& exception);

}  // namespace chatterbox::nn
