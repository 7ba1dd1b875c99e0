// Every operator of the stand-in device that is not its own.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

namespace chatterbox::testing {

// Runs the operator on the CPU over the device's memory. Throws where a tensor of more than no
// dimension is on the host's side: CUDA refuses it, too, or copies it behind the caller's back.
void run_on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack);

}  // namespace chatterbox::testing
