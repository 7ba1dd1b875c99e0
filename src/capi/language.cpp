#include <chatterbox/chatterbox.h>

#include <chatterbox/chatterbox.hpp>

uint64_t chatterbox_language_count(void) { return chatterbox::languages().size(); }

const char* chatterbox_language_code(uint64_t index) {
  const auto& all = chatterbox::languages();
  return index < all.size() ? all[index].code.data() : nullptr;
}

const char* chatterbox_language_name(uint64_t index) {
  const auto& all = chatterbox::languages();
  return index < all.size() ? all[index].name.data() : nullptr;
}
