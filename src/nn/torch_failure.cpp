#include "nn/torch_failure.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace chatterbox::nn {
namespace {

bool has_any(std::string_view text, std::initializer_list<const char*> signs) {
  return std::any_of(signs.begin(), signs.end(), [text](const char* sign) {
    return text.find(sign) != std::string_view::npos;
  });
}

}  // namespace

// CUDA and cuBLAS report their own lack of memory as they report all else.
TorchFailure kind_of(const c10::Error& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return TorchFailure::kMemory;
  const std::string_view text = error.what_without_backtrace();
  if (has_any(text, {"can't allocate memory", "out of memory", "STATUS_ALLOC_FAILED"})) {
    return TorchFailure::kMemory;
  }
  if (dynamic_cast<const c10::AcceleratorError*>(&error) != nullptr ||
      has_any(text, {"CUDA error", "CUDA driver error", "cuBLAS", "CUBLAS_STATUS", "cuDNN error",
                     "CUDNN_STATUS"})) {
    return TorchFailure::kDevice;
  }
  return TorchFailure::kOther;
}

bool device_is_lost(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const c10::Error& error) {
    return kind_of(error) == TorchFailure::kDevice;
  } catch (...) {
    return false;
  }
}

}  // namespace chatterbox::nn
