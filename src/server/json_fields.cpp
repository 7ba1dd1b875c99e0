#include "server/json_fields.h"

namespace chatterbox::server {
namespace {

using nlohmann::json;

std::string text_of(double value) {
  std::string text = json(value).dump();
  const size_t zero = text.rfind(".0");
  return zero != std::string::npos && zero + 2 == text.size() ? text.substr(0, zero) : text;
}

}  // namespace

json parse_object(const std::string& body) {
  json object;
  try {
    object = app::parse_line(body);
  } catch (const app::RepeatedKey& error) {
    throw bad_value(error.key(), error.what());
  } catch (const Error& error) {
    throw ApiError(400, "invalid_json", std::string("the body: ") + error.what());
  }
  if (!object.is_object()) throw ApiError(400, "invalid_json", "the body must be a JSON object");
  return object;
}

const json* JsonFields::find(const std::string& name) {
  known_.insert(name);
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> JsonFields::text(const std::string& name) {
  const json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) throw bad_value(name, name + " must be a string, got " + shown(*value));
  auto text = value->get<std::string>();
  if (text.find('\0') != std::string::npos) throw bad_value(name, name + " must not contain NUL");
  return text;
}

std::optional<double> JsonFields::number(const std::string& name, double low, double high) {
  const json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) {
    const double number = value->get<double>();
    if (number >= low && number <= high) return number;
  }
  throw bad_value(name, name + " must be a number in [" + text_of(low) + ", " + text_of(high) +
                            "], got " + shown(*value));
}

std::optional<bool> JsonFields::boolean(const std::string& name) {
  const json* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  throw bad_value(name, name + " must be true or false, got " + shown(*value));
}

void JsonFields::refuse_unknown() const {
  for (const auto& [key, value] : object_.items()) {
    if (known_.count(key) != 0) continue;
    throw ApiError(400, "unknown_parameter", "unknown parameter: " + shown(key), key);
  }
}

}  // namespace chatterbox::server
