#include "cli/printable.h"

#include <algorithm>

namespace chatterbox::cli {
namespace {

// The bytes of the control that is there; 0 where none is.
size_t control_at(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) {
    return position + i < text.size() ? static_cast<unsigned char>(text[position + i]) : 0U;
  };
  const unsigned first = byte(0), second = byte(1), third = byte(2);
  if (first < 0x20 || first == 0x7F) return 1;
  if (first == 0xC2 && second < 0xA0) return std::min<size_t>(2, text.size() - position);
  if (first != 0xE2) return 0;
  const bool turns =
      (second == 0x80 && (third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE))) ||
      (second == 0x81 && third >= 0xA6 && third <= 0xA9);
  return turns ? 3 : 0;
}

}  // namespace

bool has_controls(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (control_at(text, i) > 0) return true;
  }
  return false;
}

std::string printable(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string shown;
  for (size_t i = 0; i < text.size();) {
    const size_t control = control_at(text, i);
    shown += control > 0 ? kReplacement : text.substr(i, 1);
    i += std::max<size_t>(1, control);
  }
  return shown;
}

}  // namespace chatterbox::cli
