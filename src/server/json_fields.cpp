#include "server/json_fields.h"

#include <cmath>

namespace chatterbox::server {
namespace {

using nlohmann::json;

std::string text_of(double value) {
  std::string text = json(value).dump();
  const size_t zero = text.rfind(".0");
  return zero != std::string::npos && zero + 2 == text.size() ? text.substr(0, zero) : text;
}

// The parser recurses into what is nested; a client must not choose how deep.
constexpr int kMaxDepth = 16;

}  // namespace

json parse_object(const std::string& body) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  bool deep = false;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) deep = true;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.empty() &&
        !keys.back().insert(parsed.get<std::string>()).second) {
      twice = parsed.get<std::string>();
    }
    return !deep;
  };
  json object;
  try {
    object = json::parse(body, watch);
  } catch (const json::exception& error) {
    throw ApiError(400, "invalid_json", std::string("the body is not JSON: ") + error.what());
  }
  if (deep) throw ApiError(400, "invalid_json", "the body is nested too deeply");
  if (!object.is_object()) throw ApiError(400, "invalid_json", "the body must be a JSON object");
  if (!twice.empty()) throw bad_value(twice, "the key " + shown(twice) + " is there twice");
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
