// Which device the models run on.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace chatterbox::runtime {

// "cpu", "cuda", "cuda:N" or "auto". Throws kInvalidArgument for other words, kDevice where the
// device cannot be had. Loads the CUDA libraries only when CUDA is asked for.
[[nodiscard]] c10::Device choose_device(const std::string& name);

// Bytes that are free on the device; in the host's memory, unless it is CUDA's.
[[nodiscard]] int64_t free_bytes(c10::Device device);

// Gives the calling thread a stream of its own on a CUDA device, once all that was queued there so
// far is done.
void use_own_stream(c10::Device device);

}  // namespace chatterbox::runtime
