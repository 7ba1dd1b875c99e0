// The callbacks of the C ABI as the library's own code has them. NULL becomes an empty function;
// one that asks to stop throws kCancelled.
#pragma once

#include <chatterbox/request.h>

#include <functional>

#include "engine/request.h"
#include "support/log.h"

namespace chatterbox::capi {

[[nodiscard]] LogCallback log_callback(chatterbox_log_callback call, void* user_data);
[[nodiscard]] std::function<void(const Progress&)> progress_callback(
    chatterbox_progress_callback call, uint64_t tag, void* user_data);
[[nodiscard]] std::function<void(const TensorView&)> tensor_callback(
    chatterbox_tensor_callback call, uint64_t tag, void* user_data);
[[nodiscard]] std::function<bool(const float*, size_t)> audio_callback(
    chatterbox_audio_callback call, uint64_t tag, void* user_data);
[[nodiscard]] std::function<void(Status)> done_callback(chatterbox_done_callback call, uint64_t tag,
                                                        void* user_data);
[[nodiscard]] std::function<void(const Piece&)> piece_callback(chatterbox_piece_callback call,
                                                               uint64_t tag, void* user_data);

[[nodiscard]] chatterbox_piece to_struct(const Piece& piece, uint64_t tag);

}  // namespace chatterbox::capi
