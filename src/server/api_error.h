// Errors in the shape that OpenAI's clients read: {"error": {"message", "type", "param", "code"}}.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "server/http.h"

namespace chatterbox::server {

// What a request is refused with. `param`: the field at fault, if it is one.
class ApiError : public std::runtime_error {
 public:
  ApiError(int status, std::string code, const std::string& message, std::string param = {})
      : std::runtime_error(message),
        status_(status),
        code_(std::move(code)),
        param_(std::move(param)) {}

  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const std::string& param() const noexcept { return param_; }

  // Of 429 and 503: when to try again, in seconds.
  [[nodiscard]] ApiError&& retry_after(int seconds) && {
    retry_after_ = seconds;
    return std::move(*this);
  }
  [[nodiscard]] std::optional<int> retry_after() const noexcept { return retry_after_; }

 private:
  int status_;
  std::string code_;
  std::string param_;
  std::optional<int> retry_after_;
};

// 400, "invalid_value".
[[nodiscard]] ApiError bad_value(const std::string& param, const std::string& message);

// What the library refused or failed with.
[[nodiscard]] ApiError to_api_error(const Error& error);

[[nodiscard]] HttpResponse to_response(const ApiError& error);
// The same as one line of JSON.
[[nodiscard]] std::string to_json(const ApiError& error);

// Seconds of queue ahead as a Retry-After: whole, 1 to 600.
[[nodiscard]] int retry_seconds(double queue_seconds);

}  // namespace chatterbox::server
