#include "server/url.h"

namespace chatterbox::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (decoded.find('\0') != std::string::npos) return std::nullopt;
  return decoded;
}

// Calls `use` for each part between the separators; stops where it returns false.
template <class Use>
bool for_each_part(std::string_view text, char separator, Use use) {
  while (!text.empty()) {
    const size_t end = text.find(separator);
    if (!use(text.substr(0, end))) return false;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return true;
}

bool parse_path(std::string_view path, std::vector<std::string>& parts) {
  return for_each_part(path, '/', [&parts](std::string_view part) {
    const auto name = decode(part, false);
    if (!name || name->empty() || *name == "." || *name == "..") return false;
    if (name->find('/') != std::string::npos) return false;
    parts.push_back(*name);
    return true;
  });
}

bool parse_query(std::string_view query, std::map<std::string, std::string>& fields) {
  return for_each_part(query, '&', [&fields](std::string_view part) {
    const size_t equals = part.find('=');
    const auto name = decode(part.substr(0, equals), true);
    const auto value = equals == std::string_view::npos ? std::optional<std::string>(std::string())
                                                        : decode(part.substr(equals + 1), true);
    return name && value && fields.emplace(*name, *value).second;
  });
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  target = target.substr(0, target.find('#'));
  const size_t question = target.find('?');
  Target parsed;
  if (!parse_path(target.substr(0, question).substr(1), parsed.path)) return std::nullopt;
  if (question != std::string_view::npos &&
      !parse_query(target.substr(question + 1), parsed.query)) {
    return std::nullopt;
  }
  return parsed;
}

}  // namespace chatterbox::server
