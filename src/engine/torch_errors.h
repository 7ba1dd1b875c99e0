// libtorch's exceptions as ours.
#pragma once

#include <c10/util/Exception.h>

#include <string_view>

#include "support/error.h"

namespace chatterbox::engine {

// Runs `work`; a c10::Error becomes an Error with its first line and without its backtrace.
template <class Work>
auto translate_torch_errors(Work&& work) {
  try {
    return work();
  } catch (const c10::OutOfMemoryError& error) {
    fail(Status::kOutOfMemory, "{}", error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string_view text = error.what_without_backtrace();
    const bool memory = text.find("can't allocate memory") != std::string_view::npos;
    fail(memory ? Status::kOutOfMemory : Status::kInternal, "libtorch: {}",
         text.substr(0, text.find('\n')));
  }
}

}  // namespace chatterbox::engine
