// What the connections of a server share. Only for http_server.cpp.
#pragma once

#include <atomic>
#include <boost/asio.hpp>
#include <functional>
#include <memory>
#include <string>

#include "server/http_server.h"

namespace chatterbox::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// What the server does to connections from outside. Any thread may call it.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;
  // Ends it when it has nothing to do.
  virtual void close_idle_soon() = 0;
  // Ends it now, whatever it does.
  virtual void drop_soon(const std::string& why) = 0;
};

struct Shared {
  HttpOptions options;
  HttpHandler& handler;
  std::atomic<size_t> connections{0};
  std::atomic<bool> closing{false};    // no connection is kept alive
  std::function<void()> on_free = {};  // a connection has ended
  // Called with each new one, by whoever makes it.
  std::function<void(const std::shared_ptr<Connection>&)> remember = {};
};

// Counts a connection as long as it lives.
class Counted {
 public:
  explicit Counted(Shared& shared) : shared_(shared) { ++shared.connections; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    --shared_.connections;
    if (shared_.on_free) shared_.on_free();
  }

 private:
  Shared& shared_;
};

// One timer that replaces itself: after `after`, unless it was disarmed or armed again, it calls.
// Used on one strand.
class Deadline {
 public:
  explicit Deadline(const asio::any_io_executor& executor) : timer_(executor) {}

  template <class Call>
  void arm(std::chrono::milliseconds after, Call call) {
    timer_.expires_after(after);  // cancels the wait before it
    const uint64_t turn = ++turn_;
    timer_.async_wait([this, turn, call = std::move(call)](ErrorCode error) {
      if (!error && turn == turn_) call();  // `call` keeps this object alive
    });
  }
  void disarm() {
    ++turn_;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  uint64_t turn_ = 0;
};

}  // namespace chatterbox::server
