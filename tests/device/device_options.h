// An engine on the stand-in device.
#pragma once

#include <string>

#include "device/stand_in.h"
#include "runtime/machines.h"

namespace chatterbox::testing {

inline EngineOptions device_options(const std::string& model) {
  use_stand_in();
  EngineOptions options = cpu_options(model);
  options.device = kStandIn;
  options.precision = Precision::kFp32;
  options.threads = 1;
  options.memory_limit = int64_t{1} << 28;
  return options;
}

}  // namespace chatterbox::testing
