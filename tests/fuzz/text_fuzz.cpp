// A text in any language: normalised, split, looked through for pauses, and tokenised. The first
// byte chooses the language, the second the options.
#include "fuzz/parser.h"
#include "support/file_source.h"
#include "support/utf8.h"
#include "text/languages.h"
#include "text/pause_markup.h"
#include "text/punc_norm.h"
#include "text/splitter.h"
#include "text/spoken_form.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace chatterbox::fuzz {
namespace {

const text::Tokenizer& multilingual() {
  static const auto kTokenizer =
      text::load_multilingual_tokenizer(Folder(CHATTERBOX_TEST_DATA "/data/multilingual"));
  return *kTokenizer;
}

const text::Tokenizer& turbo() {
  static const auto kTokenizer =
      text::load_turbo_tokenizer(Folder(CHATTERBOX_TEST_DATA "/data/turbo"));
  return *kTokenizer;
}

void normalise(const std::string& text) {
  run_parser([&] { (void)text::punc_norm_english(text); });
  run_parser([&] { (void)text::punc_norm_turbo(text); });
  run_parser([&] { (void)text::punc_norm_multilingual(text); });
  run_parser([&] { require(is_valid_utf8(text::spoken_form(text)), "not UTF-8"); });
  if (is_valid_utf8(text)) {
    run_parser([&] { require(is_valid_utf8(text::lower_and_decompose(text)), "not UTF-8"); });
  }
  run_parser([&] {
    for (size_t at = 0; const auto pause = text::find_pause(text, at);) {
      require(pause->begin >= at && pause->end > pause->begin, "a pause of no length");
      at = pause->end;
    }
  });
}

void split(const std::string& text, const std::string& language, uint8_t how) {
  text::SplitOptions options;
  options.language = language;
  options.max_tokens = 1 + how % 64;
  options.pack_tokens = how % 16;
  options.max_bytes = 8 + how;
  const auto count = [](std::string_view piece) {
    return static_cast<int64_t>(piece.size() / 2 + 1);
  };
  run_parser([&] {
    size_t behind = 0;
    for (const text::TextPiece& piece : text::split_text(text, options, count).pieces) {
      require(piece.begin >= behind && piece.end <= text.size(), "a piece out of place");
      require(is_valid_utf8(piece.text) && piece.text.size() <= options.max_bytes, "a bad piece");
      const size_t last = piece.place_of(piece.text.size() - 1);
      require(piece.place_of(0) == piece.begin && last < piece.end, "a byte out of place");
      behind = piece.end;
    }
  });
}

void tokenise(const std::string& text, const std::string& language, uint8_t how) {
  const text::TextOptions options{(how & 1U) != 0, (how & 2U) != 0};
  run_parser([&] { (void)multilingual().encode(text, language, options); });
  run_parser([&] { (void)turbo().encode(text, "", options); });
}

}  // namespace
}  // namespace chatterbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox;  // NOLINT
  fuzz::Input input(data, size);
  const auto& languages = text::languages();
  const std::string language(languages[input.below(languages.size())].code);
  const uint8_t how = input.next();
  const std::string text(input.rest());
  fuzz::normalise(text);
  fuzz::split(text, language, how);
  fuzz::tokenise(text, language, how);
  return 0;
}
