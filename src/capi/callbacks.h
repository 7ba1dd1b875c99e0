// The callbacks of the C ABI as those of the C++ API. NULL becomes an empty function.
#pragma once

#include <chatterbox/chatterbox.h>

#include <chatterbox/chatterbox.hpp>
#include <functional>

namespace chatterbox::capi {

[[nodiscard]] LogCallback log_callback(chatterbox_log_callback call, void* user_data);
[[nodiscard]] std::function<void(const Progress&)> progress_callback(
    chatterbox_progress_callback call, void* user_data);
[[nodiscard]] std::function<void(const TensorView&)> tensor_callback(
    chatterbox_tensor_callback call, void* user_data);

}  // namespace chatterbox::capi
