#include "server/api_error.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace chatterbox::server {
namespace {

// OpenAI's names.
const char* type_of(int status) {
  if (status == 401) return "authentication_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

// The library's messages begin with the name of the value at fault: "top_p must be ...".
std::string param_of(const std::string& message) {
  const size_t end = message.find(' ');
  if (end == std::string::npos || message.compare(end, 6, " must ") != 0) return {};
  std::string name = message.substr(0, end);
  return name == "text" ? "input" : name;
}

}  // namespace

ApiError bad_value(const std::string& param, const std::string& message) {
  return {400, "invalid_value", message, param};
}

ApiError to_api_error(const Error& error) {
  const std::string message = error.what();
  switch (error.status()) {
    case Status::kInvalidArgument:
      return {400, "invalid_value", message, param_of(message)};
    case Status::kNotFound:
      return {404, "not_found", message};
    case Status::kBadAudio:
      return {422, "bad_audio", message, "file"};
    case Status::kBadVoice:
      return {422, "bad_voice", message, "voice"};
    case Status::kNoSpeech:
      return {422, "no_speech", message, "input"};
    case Status::kBusy:
      return {429, "queue_full", message};
    case Status::kDeadlineExceeded:
      return {504, "deadline_exceeded", message};
    case Status::kCancelled:
    case Status::kDeviceLost:
      return {503, "unavailable", message};
    case Status::kUnsupported:
      return {501, "unsupported", message};
    default:
      return {500, "internal_error", message};
  }
}

std::string to_json(const ApiError& error) {
  using nlohmann::json;
  json fields = {{"message", error.what()}, {"type", type_of(error.status())}};
  fields["param"] = error.param().empty() ? json() : json(error.param());
  fields["code"] = error.code();
  // A message may quote bytes of the client's that are no UTF-8.
  return json{{"error", fields}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

HttpResponse to_response(const ApiError& error) {
  HttpResponse response;
  response.status = error.status();
  response.body = to_json(error);
  if (error.retry_after()) {
    response.headers.emplace_back("Retry-After", std::to_string(*error.retry_after()));
  }
  if (error.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

int retry_seconds(double queue_seconds) {
  if (!std::isfinite(queue_seconds)) return 1;
  return static_cast<int>(std::clamp(std::ceil(queue_seconds), 1.0, 600.0));
}

}  // namespace chatterbox::server
