// The table of Chinese characters and their Cangjie keys.
#include "fuzz/parser.h"
#include "support/file_source.h"
#include "text/cangjie.h"

namespace {

using namespace chatterbox;  // NOLINT

const text::BpeTokenizer& tokenizer() {
  static const text::BpeTokenizer kTokenizer = [] {
    const Folder folder(CHATTERBOX_TEST_DATA "/data/multilingual");
    const char* const name = "grapheme_mtl_merged_expanded_v1.json";
    return text::BpeTokenizer::parse(folder.read(name, size_t{1} << 26U), name);
  }();
  return kTokenizer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const FilesInMemory files("folder", {{"Cangjie5_TC.json", copy_bytes(data, size)}});
  fuzz::run_parser([&] {
    const text::Cangjie table(files, tokenizer());
    for (const char* character : {"日", "木", "a", ""}) (void)table.find(character);
  });
  return 0;
}
