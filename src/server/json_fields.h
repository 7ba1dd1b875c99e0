// Fields of a JSON object, or of a form, with errors that name the field.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "app/json_line.h"
#include "server/api_error.h"

namespace chatterbox::server {

// 400 where it is no JSON object, is nested too deeply, or has a key twice.
[[nodiscard]] nlohmann::json parse_object(const std::string& body);

using app::shown;

// Reads fields by name and remembers which: the rest is unknown. null is as if the field were not
// there, as OpenAI's clients mean it.
class JsonFields {
 public:
  explicit JsonFields(const nlohmann::json& object) : object_(object) {}

  [[nodiscard]] const nlohmann::json* find(const std::string& name);
  [[nodiscard]] std::optional<std::string> text(const std::string& name);  // without NUL
  [[nodiscard]] std::optional<double> number(const std::string& name, double low, double high);
  [[nodiscard]] std::optional<bool> boolean(const std::string& name);

  // 400 for the first field that nobody asked for.
  void refuse_unknown() const;

 private:
  const nlohmann::json& object_;
  std::set<std::string> known_;
};

}  // namespace chatterbox::server
