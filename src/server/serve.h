// The whole server, as the program runs it: chatterbox serve.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/context.h"
#include "server/http_server.h"
#include "server/models.h"

namespace chatterbox::server {

struct ServeOptions {
  std::vector<ModelSpec> models;
  HttpOptions http;
  ServiceOptions service;
  std::string voices;                   // a folder; empty: uploaded voices are kept in memory alone
  std::string keys;                     // a file; empty: no keys are needed
  size_t client_limit = 48;             // requests that a client may have at a time
  bool insecure = false;                // listen on a public address without keys
  std::chrono::seconds grace{30};       // for what runs at SIGTERM
  std::chrono::seconds idle_unload{0};  // 0: models stay loaded
  std::function<void(std::string_view line)> log;  // one line of JSON, from any thread
  std::function<void(std::string_view line)> say;  // to whoever started it
};

// Answers until SIGTERM or SIGINT; then finishes what runs. Throws Error for what keeps it from
// starting: an option, an address, a model.
void serve(const ServeOptions& options);

// 127.0.0.0/8, ::1 or localhost.
[[nodiscard]] bool is_loopback(const std::string& host);

}  // namespace chatterbox::server
