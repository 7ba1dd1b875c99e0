// Which endpoint answers which request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/context.h"

namespace chatterbox::server {

struct Route {
  std::string_view method;
  std::string_view path;  // "/v1/audio/voices/{voice}": any segment in braces
  void (*answer)(Context&, Call&) = nullptr;
  bool needs_key = true;
  // On a worker, with a seat of the client's, and only while the server takes new work.
  bool is_work = false;
  enum class Body { kNone, kText, kUpload } body = Body::kNone;
  bool websocket = false;  // then `answer` is not called
};

struct Routed {
  const Route* route = nullptr;           // nothing: no such path, or not with this method
  std::vector<std::string_view> methods;  // that the path has
};
[[nodiscard]] Routed find_route(std::string_view method, const std::vector<std::string>& path);

}  // namespace chatterbox::server
