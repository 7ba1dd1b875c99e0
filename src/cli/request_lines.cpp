#include "cli/request_lines.h"

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "app/json_line.h"
#include "app/option_fields.h"
#include "cli/files.h"
#include "cli/printable.h"

namespace chatterbox::cli {
namespace {

using app::parse_line;
using app::shown;
using nlohmann::json;

constexpr size_t kMaxIdBytes = 200;  // with its ending, what every file system can name

[[noreturn]] void refuse(const std::string& message) {
  throw Error(Status::kInvalidArgument, message);
}

std::string as_string(const std::string& key, const json& value) {
  if (!value.is_string()) refuse(key + " must be a string, got " + shown(value));
  return value.get<std::string>();
}

// It becomes the name of files.
std::string as_id(const std::string& key, const json& value) {
  std::string id = as_string(key, value);
  const bool usable = !id.empty() && id.size() <= kMaxIdBytes && id.front() != '.' &&
                      id.front() != '-' && id.find('/') == std::string::npos && !has_controls(id);
  if (!usable) {
    refuse("id must be usable as a file name: 1 to " + std::to_string(kMaxIdBytes) +
           " bytes, without / and control characters, not beginning with a dot or -, got " +
           shown(value));
  }
  return id;
}

void set(RequestLine& line, const std::string& key, const json& value) {
  if (key == "id") return;  // read before the rest
  if (key == "text") {
    line.request.text = as_string(key, value);
    return check_text(line.request.text);
  }
  if (key == "voice") {
    line.voice = as_string(key, value);
    return;
  }
  const auto found = app::request_options().find(key);
  if (found == app::request_options().end()) refuse("unknown key " + shown(json(key)));
  found->second(line.request, key, value);
}

void read(RequestLine& line, const std::string& text, std::set<std::string>& ids) {
  json object = parse_line(text);
  if (!object.is_object()) refuse("must be a JSON object, got " + shown(object));
  if (!object.contains("id")) refuse("id is missing");
  line.id = as_id("id", object["id"]);
  if (!ids.insert(line.id).second) {
    refuse("the id " + std::exchange(line.id, {}) + " is used twice");
  }
  if (!object.contains("text")) refuse("text is missing");
  for (const auto& [key, value] : object.items()) set(line, key, value);
}

}  // namespace

std::vector<RequestLine> read_requests(const std::string& text, const Request& defaults) {
  std::vector<RequestLine> lines;
  std::set<std::string> ids;
  std::istringstream in(text);
  std::string one;
  for (size_t number = 1; std::getline(in, one); ++number) {
    if (one.find_first_not_of(" \t\r") == std::string::npos) continue;
    RequestLine line;
    line.number = number;
    line.request = defaults;
    line.request.tag = number;
    try {
      read(line, one, ids);
    } catch (const Error& error) {
      line.error = error;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace chatterbox::cli
