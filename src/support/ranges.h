// Numbers from outside, checked against their limits.
#pragma once

#include "support/error.h"

namespace chatterbox {

// Written so that NaN, which is in no range, is not within any.
template <class Number>
[[nodiscard]] bool within(Number value, Number least, Number most) {
  return value >= least && value <= most;
}

template <class Number>
void check_range(const char* name, Number value, Number least, Number most) {
  if (within(value, least, most)) return;
  fail(Status::kInvalidArgument, "{} must be in [{}, {}], got {}", name, least, most, value);
}

}  // namespace chatterbox
