#include "server/http.h"

#include <array>

namespace chatterbox::server {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  constexpr std::array<Phrase, 19> kPhrases = {{{200, "OK"},
                                                {201, "Created"},
                                                {204, "No Content"},
                                                {400, "Bad Request"},
                                                {401, "Unauthorized"},
                                                {403, "Forbidden"},
                                                {404, "Not Found"},
                                                {405, "Method Not Allowed"},
                                                {408, "Request Timeout"},
                                                {409, "Conflict"},
                                                {413, "Content Too Large"},
                                                {415, "Unsupported Media Type"},
                                                {422, "Unprocessable Content"},
                                                {426, "Upgrade Required"},
                                                {429, "Too Many Requests"},
                                                {431, "Request Header Fields Too Large"},
                                                {500, "Internal Server Error"},
                                                {501, "Not Implemented"},
                                                {503, "Service Unavailable"}}};
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return status == 504 ? "Gateway Timeout" : "Unknown";
}

std::string head_block(const HttpResponse& response, size_t length, bool chunked, bool keep_alive) {
  std::string block = "HTTP/1.1 " + std::to_string(response.status) + " " +
                      std::string(reason_phrase(response.status)) + "\r\n";
  const auto add = [&block](std::string_view name, std::string_view value) {
    block.append(name).append(": ").append(value).append("\r\n");
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  if (length != kUnknownLength) {
    if (response.status != 204) add("Content-Length", std::to_string(length));
  } else if (chunked) {
    add("Transfer-Encoding", "chunked");
  }
  add("Connection", keep_alive ? "keep-alive" : "close");
  return block + "\r\n";
}

}  // namespace chatterbox::server
