// A word of a result or a stream as the C struct.
#pragma once

#include <chatterbox/types.h>

#include "runtime/task.h"

namespace chatterbox::capi {

[[nodiscard]] inline chatterbox_word to_struct(const Word& word) {
  chatterbox_word to{};
  to.text_begin = word.text_begin;
  to.text_end = word.text_end;
  to.begin_seconds = word.begin;
  to.end_seconds = word.end;
  return to;
}

}  // namespace chatterbox::capi
