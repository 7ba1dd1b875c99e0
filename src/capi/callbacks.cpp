#include "capi/callbacks.h"

#include <string>

namespace chatterbox::capi {

LogCallback log_callback(chatterbox_log_callback call, void* user_data) {
  if (call == nullptr) return nullptr;
  return [call, user_data](LogLevel level, std::string_view message) {
    call(static_cast<int32_t>(level), std::string(message).c_str(), user_data);
  };
}

std::function<void(const Progress&)> progress_callback(chatterbox_progress_callback call,
                                                       void* user_data) {
  if (call == nullptr) return nullptr;
  return [call, user_data](const Progress& progress) {
    const chatterbox_progress view{sizeof view, static_cast<int32_t>(progress.stage), progress.done,
                                   progress.total};
    call(&view, user_data);
  };
}

std::function<void(const TensorView&)> tensor_callback(chatterbox_tensor_callback call,
                                                       void* user_data) {
  if (call == nullptr) return nullptr;
  return [call, user_data](const TensorView& tensor) {
    const std::string name(tensor.name);
    const bool integers = tensor.type == TensorView::Type::kInt64;
    const chatterbox_tensor view{
        sizeof view,  integers ? CHATTERBOX_TENSOR_INT64 : CHATTERBOX_TENSOR_FLOAT32,
        name.c_str(), tensor.rank == 0 ? nullptr : tensor.shape,
        tensor.rank,  tensor.data};
    call(&view, user_data);
  };
}

}  // namespace chatterbox::capi
