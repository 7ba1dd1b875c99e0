#include "text/byte_level.h"

#include <array>

#include "support/utf8.h"
#include "text/unicode.h"

namespace chatterbox::text {
namespace {

enum class Kind { kLetter, kNumber, kSpace, kOther };

Kind classify(char32_t c) {
  if (is_letter(c)) return Kind::kLetter;
  if (is_number(c)) return Kind::kNumber;
  return is_regex_space(c) ? Kind::kSpace : Kind::kOther;
}

// The end of the run of one kind that starts at `position`, and where its last character starts.
struct Run {
  size_t stop = 0;
  size_t last = 0;
};

Run find_run(std::string_view text, size_t position, Kind kind) {
  Run run{position, position};
  while (run.stop < text.size()) {
    const CodePoint c = decode_utf8(text, run.stop);
    if (classify(c.value) != kind) break;
    run.last = run.stop;
    run.stop += c.size;
  }
  return run;
}

size_t find_contraction(std::string_view text, size_t position) {
  if (text[position] != '\'') return 0;
  for (const std::string_view ending : {"s", "t", "re", "ve", "m", "ll", "d"}) {
    if (text.compare(position + 1, ending.size(), ending) == 0) return 1 + ending.size();
  }
  return 0;
}

// Where the match that starts at `position` ends.
size_t find_end(std::string_view text, size_t position) {
  if (const size_t size = find_contraction(text, position)) return position + size;
  size_t start = position;
  if (text[start] == ' ' && start + 1 < text.size()) ++start;
  const Kind kind = classify(decode_utf8(text, start).value);
  if (kind != Kind::kSpace) return find_run(text, start, kind).stop;
  // White space leaves its last character to what follows, unless it is the only one.
  const Run run = find_run(text, position, kind);
  return run.stop == text.size() || run.last == position ? run.stop : run.last;
}

// transformers' bytes_to_unicode(): printable Latin-1 stands for itself, the rest follows U+00FF.
std::array<std::string, 256> make_letters() {
  std::array<std::string, 256> letters;
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    letters[byte] = to_utf8(printable ? byte : next++);
  }
  return letters;
}

const std::array<std::string, 256>& letters() {
  static const std::array<std::string, 256> kLetters = make_letters();
  return kLetters;
}

}  // namespace

void split_gpt2(std::string_view text, const std::function<void(std::string_view)>& on_piece) {
  for (size_t start = 0; start < text.size();) {
    const size_t stop = find_end(text, start);
    on_piece(text.substr(start, stop - start));
    start = stop;
  }
}

std::string byte_letters(std::string_view bytes) {
  std::string word;
  for (const char byte : bytes) word += letters()[static_cast<unsigned char>(byte)];
  return word;
}

void require_byte_letters(const JsonReader& reader, const char* what, const BpeModel& model) {
  for (size_t byte = 0; byte < 256; ++byte) {
    if (!model.find(letters()[byte])) {
      reader.bad("'{}', the letter of byte {}, is not in {}", letters()[byte], byte, what);
    }
  }
}

}  // namespace chatterbox::text
