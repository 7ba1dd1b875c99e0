// JSON files that others wrote: what is wrong with one is an Error that names the file.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "support/error.h"

namespace chatterbox::text {

using Json = nlohmann::json;

inline constexpr size_t kMaxTokens = size_t{1} << 22U;  // of one vocabulary, merge list or table

class JsonReader {
 public:
  explicit JsonReader(std::string name) : name_(std::move(name)) {}  // of the file

  // kBadModelFile and kUnsupported, behind the file's name.
  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kBadModelFile, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  [[noreturn]] void unsupported(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kUnsupported, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }

  // The whole file, at most 16 levels deep.
  [[nodiscard]] Json parse(std::string_view text) const;

  // A key that is absent counts as null.
  [[nodiscard]] static bool is_null(const Json& object, const char* key);

  void require_object(const Json& value, const char* what) const;
  [[nodiscard]] const Json& get(const Json& object, const char* key) const;
  // 1 to 1024 bytes.
  [[nodiscard]] const std::string& get_string(const Json& value, const char* what) const;
  const std::string& check_length(const std::string& value, const char* what) const;
  [[nodiscard]] bool get_flag(const Json& object, const char* key) const;  // absent: false
  // The id of `token`, below 2^31 - 1.
  [[nodiscard]] int64_t get_id(const Json& value, const std::string& token) const;

 private:
  std::string name_;
};

}  // namespace chatterbox::text
