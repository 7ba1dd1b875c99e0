// Which device and number type the models run on.
#pragma once

#include <string>

#include "nn/placement.h"
#include "runtime/options.h"

namespace chatterbox::runtime {

// "cpu", "cuda", "cuda:N" or "auto". Throws kInvalidArgument for other words, kDevice where the
// device cannot be had. Loads the CUDA libraries only when CUDA is asked for.
[[nodiscard]] c10::Device choose_device(const std::string& name);

// The default is fp32 on a CPU and bf16 on CUDA.
[[nodiscard]] nn::Placement choose_placement(const EngineOptions& options);

// Bytes that are free on the device.
[[nodiscard]] int64_t free_bytes(c10::Device device);

// Gives the calling thread a stream of its own on a CUDA device, once all that was queued there so
// far is done.
void use_own_stream(c10::Device device);

[[nodiscard]] std::string precision_name(c10::ScalarType dtype);

}  // namespace chatterbox::runtime
