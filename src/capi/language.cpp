#include <chatterbox/chatterbox.h>

#include <chatterbox/chatterbox.hpp>

namespace {

// Null where the index is too large, or where there is no memory for the list.
const chatterbox::Language* language(uint64_t index) noexcept {
  try {
    const auto& all = chatterbox::languages();
    return index < all.size() ? &all[index] : nullptr;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

uint64_t chatterbox_language_count(void) {
  uint64_t count = 0;
  while (language(count) != nullptr) ++count;
  return count;
}

const char* chatterbox_language_code(uint64_t index) {
  const chatterbox::Language* found = language(index);
  return found != nullptr ? found->code.data() : nullptr;
}

const char* chatterbox_language_name(uint64_t index) {
  const chatterbox::Language* found = language(index);
  return found != nullptr ? found->name.data() : nullptr;
}
