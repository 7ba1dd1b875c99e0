#include "text/json_reader.h"

#include "support/shorten.h"

namespace chatterbox::text {
namespace {

constexpr int kMaxDepth = 16;
constexpr size_t kMaxStringBytes = 1024;
constexpr int64_t kMaxId = INT32_MAX;

}  // namespace

Json JsonReader::parse(std::string_view text) const {
  const auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) bad("nested deeper than {} levels", kMaxDepth);
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check_depth);
  } catch (const Json::parse_error& error) {
    bad("not valid JSON at byte {}", error.byte);
  } catch (const Json::exception&) {
    bad("not valid JSON: a number is out of range");
  }
}

bool JsonReader::is_null(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null();
}

void JsonReader::require_object(const Json& value, const char* what) const {
  if (!value.is_object()) bad("{} must be an object, is {}", what, value.type_name());
}

const Json& JsonReader::get(const Json& object, const char* key) const {
  const auto found = object.find(key);
  if (found == object.end()) bad("{} is missing", key);
  return *found;
}

const std::string& JsonReader::get_string(const Json& value, const char* what) const {
  if (!value.is_string()) bad("{} must be a string, is {}", what, value.type_name());
  return check_length(value.get_ref<const std::string&>(), what);
}

const std::string& JsonReader::check_length(const std::string& value, const char* what) const {
  if (value.empty() || value.size() > kMaxStringBytes) {
    bad("{} must have 1 to {} bytes, has {}", what, kMaxStringBytes, value.size());
  }
  return value;
}

bool JsonReader::get_flag(const Json& object, const char* key) const {
  if (is_null(object, key)) return false;
  const Json& value = object.at(key);
  if (!value.is_boolean()) bad("{} must be true or false, is {}", key, value.type_name());
  return value.get<bool>();
}

int64_t JsonReader::get_id(const Json& value, const std::string& token) const {
  if (!value.is_number_integer()) {
    bad("the id of '{}' must be an integer, is {}", shorten(token), value.type_name());
  }
  const auto id = value.get<int64_t>();
  if (id < 0 || id >= kMaxId) {
    bad("the id of '{}' must be in [0, {}), is {}", shorten(token), kMaxId, id);
  }
  return id;
}

}  // namespace chatterbox::text
