#include "support/synthetic/embedded_data.h"

// The assembler includes the files' bytes as they are: no generated sources, no tool at build time.
// CHATTERBOX_DATA_DIR is the build's; the build also makes this source depend on the files.
#define CHATTERBOX_EMBED(symbol, file)                                                   \
  __asm__(                                                                               \
      ".section .rodata\n"                                                               \
      ".balign 16\n"                                                                     \
      "chatterbox_embedded_" #symbol                                                     \
      ":\n"                                                                              \
      ".incbin \"" CHATTERBOX_DATA_DIR "/" file                                          \
      "\"\n"                                                                             \
      "chatterbox_embedded_" #symbol                                                     \
      "_end:\n"                                                                          \
      ".byte 0\n"                                                                        \
      ".previous\n");                                                                    \
  extern const char embedded_##symbol##_begin[] __asm__("chatterbox_embedded_" #symbol); \
  extern const char embedded_##symbol##_end[] __asm__("chatterbox_embedded_" #symbol "_end");

CHATTERBOX_EMBED(manifest, "manifest.json")
CHATTERBOX_EMBED(tokenizer, "tokenizer.json")
CHATTERBOX_EMBED(conds_tiny, "conds.tiny.pt")
CHATTERBOX_EMBED(conds_full, "conds.full.pt")

namespace chatterbox::testing {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::string_view embedded_manifest() {
  return between(embedded_manifest_begin, embedded_manifest_end);
}

std::string_view embedded_tokenizer() {
  return between(embedded_tokenizer_begin, embedded_tokenizer_end);
}

std::string_view embedded_conds_tiny() {
  return between(embedded_conds_tiny_begin, embedded_conds_tiny_end);
}

std::string_view embedded_conds_full() {
  return between(embedded_conds_full_begin, embedded_conds_full_end);
}

}  // namespace chatterbox::testing
