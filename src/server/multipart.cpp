#include "server/multipart.h"

#include <optional>

#include "server/api_error.h"

namespace chatterbox::server {
namespace {

constexpr size_t kMaxParts = 32;
constexpr size_t kMaxPartHeader = 4096;

[[noreturn]] void refuse(const std::string& why) {
  throw ApiError(400, "invalid_form", "the form is malformed: " + why);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The value of a parameter of a header: name=value or name="value", with \" in it.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    const size_t equals = header.find('=', at + 1);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = trim(header.substr(at + 1, equals - at - 1));
    std::string value;
    size_t end = equals + 1;
    if (end < header.size() && header[end] == '"') {
      for (++end; end < header.size() && header[end] != '"'; ++end) {
        if (header[end] == '\\' && end + 1 < header.size()) ++end;
        value += header[end];
      }
      at = header.find(';', end);
    } else {
      at = header.find(';', end);
      value = std::string(trim(header.substr(end, at == std::string_view::npos ? at : at - end)));
    }
    if (equal(key, name)) return value;
  }
  return std::nullopt;
}

void read_part_header(std::string_view line, FormPart& part) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) refuse("a part has a header without a colon");
  const std::string_view value = trim(line.substr(colon + 1));
  if (equal(trim(line.substr(0, colon)), "content-type")) part.content_type = std::string(value);
  if (!equal(trim(line.substr(0, colon)), "content-disposition")) return;
  part.name = parameter(value, "name").value_or("");
  part.filename = parameter(value, "filename").value_or("");
}

// `text`: from behind the boundary's line break to before the next boundary's.
FormPart read_part(std::string_view text) {
  FormPart part;
  while (true) {
    const size_t end = text.find("\r\n");
    if (end == std::string_view::npos || end > kMaxPartHeader) refuse("a part's header has no end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty()) break;
    read_part_header(line, part);
  }
  if (part.name.empty()) refuse("a part has no name");
  part.data = text;
  return part;
}

}  // namespace

bool is_media_type(std::string_view content_type, std::string_view type) {
  return equal(trim(content_type.substr(0, content_type.find(';'))), type);
}

std::vector<FormPart> parse_form(std::string_view content_type, std::string_view body) {
  if (!is_media_type(content_type, "multipart/form-data")) {
    throw ApiError(415, "unsupported_media_type", "the Content-Type must be multipart/form-data");
  }
  const std::string boundary = parameter(content_type, "boundary").value_or("");
  if (boundary.empty() || boundary.size() > 70) refuse("its boundary must have 1 to 70 characters");
  const std::string first = "--" + boundary;
  const std::string next = "\r\n" + first;
  // What stands before the first boundary does not count.
  size_t at = body.substr(0, first.size()) == first ? 0 : body.find(next);
  if (at == std::string_view::npos) refuse("its boundary is not there");
  if (at != 0) at += 2;
  std::vector<FormPart> parts;
  while (true) {
    std::string_view rest = body.substr(at + first.size());
    if (rest.substr(0, 2) == "--") return parts;
    if (rest.substr(0, 2) != "\r\n")
      refuse("a boundary is followed by neither -- nor a line break");
    rest.remove_prefix(2);
    const size_t end = rest.find(next);
    if (end == std::string_view::npos) refuse("its last boundary is missing");
    if (parts.size() == kMaxParts) refuse("it has more than 32 parts");
    parts.push_back(read_part(rest.substr(0, end)));
    at = body.size() - rest.size() + end + 2;
  }
}

}  // namespace chatterbox::server
