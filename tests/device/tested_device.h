// The device that the tests of this folder run on: the stand-in, or CUDA's in gpu_test
// (tests/gpu).
#pragma once

#include <c10/core/Device.h>

#ifndef CHATTERBOX_TEST_CUDA
#include "device/stand_in.h"
#endif

namespace chatterbox::testing {

#ifdef CHATTERBOX_TEST_CUDA
inline constexpr const char* kTestedDevice = "cuda";
inline c10::Device tested_device() { return {c10::kCUDA, 0}; }
#else
inline constexpr const char* kTestedDevice = kStandIn;
inline c10::Device tested_device() {
  use_stand_in();
  return {c10::kPrivateUse1, 0};
}
#endif

}  // namespace chatterbox::testing
