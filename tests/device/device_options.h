// An engine on the tested device.
#pragma once

#include <string>

#include "device/tested_device.h"
#include "runtime/machines.h"

namespace chatterbox::testing {

inline EngineOptions device_options(const std::string& model) {
  static_cast<void>(tested_device());
  EngineOptions options = cpu_options(model);
  options.device = kTestedDevice;
  options.precision = Precision::kFp32;
  options.threads = 1;
  options.memory_limit = int64_t{1} << 28;
  return options;
}

}  // namespace chatterbox::testing
