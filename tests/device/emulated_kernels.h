// The own kernels for CUDA on the stand-in device: their bodies, run on the CPU over the memory
// behind the addresses.
#pragma once

namespace chatterbox::testing {

// While this lives, the models use them there in place of at:: operators. Each launch counts as an
// operator, "own::" and its name.
class EmulatedKernels {
 public:
  EmulatedKernels();
  ~EmulatedKernels();
  EmulatedKernels(const EmulatedKernels&) = delete;
  EmulatedKernels& operator=(const EmulatedKernels&) = delete;
};

}  // namespace chatterbox::testing
