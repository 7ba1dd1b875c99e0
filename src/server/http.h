// HTTP as the server sees it: what a client asks, and where the answer goes. Nothing here knows of
// sockets, so that everything above them can be tested without any.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chatterbox::server {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET", ...
  std::string target;  // as sent: path and query
  HeaderList headers;  // names in lower case
  std::string body;
  std::string peer;   // the client's address, without its port
  std::string local;  // the address that it came to, with the port

  // The first header of that name (in lower case); empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  HeaderList headers = {};
  std::string body = {};
};

// "Not Found" for 404.
[[nodiscard]] std::string_view reason_phrase(int status);

// What follows the status line: Content-Type, the headers, and how the body ends. `length`: of the
// body; kUnknownLength: it comes in chunks, or with HTTP/1.0 until the connection ends.
inline constexpr size_t kUnknownLength = static_cast<size_t>(-1);
[[nodiscard]] std::string head_block(const HttpResponse& response, size_t length, bool chunked,
                                     bool keep_alive);

// One request's answer. Any thread may call any function; one thread at a time writes.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  // A whole answer. Never waits.
  virtual void respond(const HttpResponse& response) = 0;

  // An answer whose body comes by and by: begin(), write()..., then end(), or break_off() after a
  // failure: the client then notices that the body is not whole. write() waits while the reader is
  // slow, and returns false once nobody reads any more.
  virtual void begin(const HttpResponse& head) = 0;
  [[nodiscard]] virtual bool write(std::string_view bytes) = 0;
  virtual void end() = 0;
  virtual void break_off() = 0;
  // As write(): one event, an object as JSON without line breaks; a text message of a WebSocket, or
  // the text that SSE makes of it.
  [[nodiscard]] virtual bool write_event(std::string_view json) = 0;

  // Why nobody reads any more: "disconnect" (the client's doing), "slow_reader" (the server's), or
  // "" if somebody does.
  [[nodiscard]] virtual std::string gone() const = 0;
  // Called once, when the client goes away; at once if it has gone. Replaces the function before
  // it; an empty one takes it away. It must not wait.
  virtual void on_gone(std::function<void()> call) = 0;
  // Bytes of the answer that were handed to the system; of a whole one whose client is there, all.
  [[nodiscard]] virtual size_t bytes_sent() const = 0;
};

// The two ends of a WebSocket: text in, text and bytes out.
class SocketListener {
 public:
  SocketListener() = default;
  SocketListener(const SocketListener&) = delete;
  SocketListener& operator=(const SocketListener&) = delete;
  virtual ~SocketListener() = default;
  // One at a time, on an I/O thread; they must not wait.
  virtual void on_message(std::string_view text) = 0;
  virtual void on_drain() = 0;                        // the server wants to end
  virtual void on_close(const std::string& why) = 0;  // the last call; see Exchange::gone()
};
class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  virtual ~Socket() = default;
  // False: nobody reads any more. Bytes wait while the reader is slow, texts never: one who lets
  // too many of them pile up is dropped.
  [[nodiscard]] virtual bool send_text(std::string_view text) = 0;
  [[nodiscard]] virtual bool send_bytes(std::string_view bytes) = 0;
  // Forgets the bytes, but no text, that have not been sent; returns how many.
  virtual size_t drop_bytes() = 0;
  // After what is to be sent. `code`: of RFC 6455, 7.4.
  virtual void close(int code, const std::string& reason) = 0;
  [[nodiscard]] virtual std::string gone() const = 0;  // as Exchange::gone()
};

// What is done with a request, decided when its header is there.
struct Admission {
  bool accepted = true;
  size_t body_limit = 0;      // bytes; more of them are refused with 413
  bool websocket = false;     // the path is one of WebSockets
  HttpResponse refusal = {};  // if it is not accepted
};

// Called on I/O threads: neither function may wait.
class HttpHandler {
 public:
  HttpHandler() = default;
  HttpHandler(const HttpHandler&) = delete;
  HttpHandler& operator=(const HttpHandler&) = delete;
  virtual ~HttpHandler() = default;
  [[nodiscard]] virtual Admission admit(const HttpRequest& head) = 0;
  virtual void handle(HttpRequest request, std::shared_ptr<Exchange> exchange) = 0;
  // A WebSocket that was admitted.
  [[nodiscard]] virtual std::shared_ptr<SocketListener> open(HttpRequest request,
                                                             std::shared_ptr<Socket> socket) = 0;
  // The refusal of a request that cannot be read, or is no WebSocket: 400, 408, 413, 426, 431.
  [[nodiscard]] virtual HttpResponse malformed(int status, const std::string& message) = 0;
};

}  // namespace chatterbox::server
