// A SentencePiece model, and what it makes of a text.
#include "fuzz/parser.h"
#include "text/punc_norm.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox;  // NOLINT
  const FilesInMemory files("folder", {{"a.model", copy_bytes(data, size)}});
  fuzz::run_parser([&] {
    const auto tokenizer =
        text::load_sentencepiece_tokenizer(files, "a.model", text::punc_norm_english);
    for (const int64_t id : tokenizer->encode("Hello, world. …", "")) {
      fuzz::require(id >= 0 && id < tokenizer->vocabulary_size(), "an id out of range");
    }
    for (const auto id : {tokenizer->start_id(), tokenizer->stop_id()}) {
      fuzz::require(id.value_or(0) < tokenizer->vocabulary_size(), "an id out of range");
    }
  });
  return 0;
}
