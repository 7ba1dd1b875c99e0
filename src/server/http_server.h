// HTTP/1.1 and WebSocket over TCP, by Boost.Beast: the one source that includes it is
// http_server.cpp, with its parts in beast/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http.h"

namespace chatterbox::server {

struct HttpOptions {
  std::string host = "127.0.0.1";  // an address, or a name that resolves to one
  uint16_t port = 8080;            // 0: any free one
  int threads = 2;
  size_t max_connections = 1024;  // more wait in the system's backlog
  size_t max_header_bytes = 16 << 10;
  size_t max_unsent_bytes = 256 << 10;      // of one answer; whoever makes it waits beyond
  std::chrono::seconds header_timeout{20};  // for a whole header, and between two requests
  std::chrono::seconds body_timeout{60};    // for a whole body
  std::chrono::seconds stall_timeout{30};   // of a reader who takes nothing
};

class HttpServer {
 public:
  // Listens; throws Error kIo where that is not possible. `handler` must outlive it.
  HttpServer(const HttpOptions& options, HttpHandler& handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // closes all connections

  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] size_t connections() const;

  // Calls the function on an I/O thread: `terminate` at the first SIGTERM or SIGINT, after which
  // the next one ends the process as if nobody caught it; `reload` at every SIGHUP.
  void on_signals(std::function<void()> terminate, std::function<void()> reload);

  // Answers until stop(), which any thread may call, on the calling thread and `threads - 1` more.
  void run();
  void stop();

  // From now on every connection is closed after its answer, and idle ones at once.
  void close_idle();
  // Ends every answer that is being made; those who make them see it as a client that is gone.
  void drop_all(const std::string& why);

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace chatterbox::server
