// One WebSocket. Everything runs on its strand but what the Socket and the Connection have. Only
// for http_server.cpp.
#pragma once

#include <boost/beast.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "server/beast/shared.h"

namespace chatterbox::server {

class WebSocketSession final : public Socket,
                               public Connection,
                               public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(tcp::socket socket, Shared& shared)
      : counted_(shared),
        shared_(shared),
        stream_(std::move(socket)),
        deadline_(stream_.get_executor()) {}

  template <class UpgradeRequest>
  void start(UpgradeRequest upgrade, HttpRequest request) {
    boost::beast::websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = shared_.options.header_timeout;
    timeout.idle_timeout = std::chrono::seconds(60);
    timeout.keep_alive_pings = true;  // or a client that only listens would be idle
    stream_.set_option(timeout);
    stream_.read_message_max(kMaxMessageBytes);
    // `upgrade` must live until the handshake is done.
    auto kept = std::make_shared<UpgradeRequest>(std::move(upgrade));
    stream_.async_accept(*kept, [self = shared_from_this(), kept,
                                 request = std::move(request)](ErrorCode error) mutable {
      if (error) return;
      self->listener_ = self->shared_.handler.open(std::move(request), self);
      self->read();
    });
  }

  bool send_text(std::string_view text) override {
    {
      const std::lock_guard lock(mutex_);
      if (!gone_.empty() || closing_) return false;
      queue_.push_back({std::string(text), true});
      unsent_ += text.size();
      // More than the bytes that wait: it asks and does not read.
      if (unsent_ > 2 * shared_.options.max_unsent_bytes) drop_soon("slow_reader");
    }
    wake();
    return true;
  }

  bool send_bytes(std::string_view bytes) override {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock,
                 [this] { return !gone_.empty() || unsent_ < shared_.options.max_unsent_bytes; });
      if (!gone_.empty() || closing_) return false;
      queue_.push_back({std::string(bytes), false});
      unsent_ += bytes.size();
    }
    wake();
    return true;
  }

  size_t drop_bytes() override {
    size_t dropped = 0;
    {
      const std::lock_guard lock(mutex_);
      std::deque<Message> kept;
      for (Message& message : queue_) {
        if (message.text) {
          kept.push_back(std::move(message));
        } else {
          dropped += message.bytes.size();
        }
      }
      queue_.swap(kept);
      unsent_ -= dropped;
    }
    room_.notify_all();
    return dropped;
  }

  void close(int code, const std::string& reason) override {
    {
      const std::lock_guard lock(mutex_);
      if (closing_ || !gone_.empty()) return;
      closing_.emplace(static_cast<uint16_t>(code), reason);
    }
    wake();
  }

  [[nodiscard]] std::string gone() const override {
    const std::lock_guard lock(mutex_);
    return gone_;
  }

  void close_idle_soon() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (self->listener_) self->listener_->on_drain();
    });
  }
  void drop_soon(const std::string& why) override {
    asio::post(stream_.get_executor(), [self = shared_from_this(), why] { self->lose(why); });
  }

 private:
  static constexpr size_t kMaxMessageBytes = 64 << 10;
  struct Message {
    std::string bytes;
    bool text = false;
  };

  void wake() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] { self->pump(); });
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](ErrorCode error, size_t /*bytes*/) {
      if (error) return self->lose("disconnect");
      self->on_read();
      self->read();
    });
  }

  void on_read() {
    const auto data = buffer_.cdata();
    const std::string text(static_cast<const char*>(data.data()), data.size());
    buffer_.clear();
    if (!stream_.got_text()) return close(1003, "messages must be text");
    if (listener_) listener_->on_message(text);
  }

  void pump() {
    if (sending_) return;
    {
      const std::lock_guard lock(mutex_);
      if (!gone_.empty()) return;
      if (!queue_.empty()) {
        out_ = std::move(queue_.front());
        queue_.pop_front();
        sending_ = true;
      } else if (!closing_) {
        return;
      }
    }
    if (sending_) return write();
    if (std::exchange(close_sent_, true)) return;
    using boost::beast::websocket::close_code;
    const boost::beast::websocket::close_reason reason(static_cast<close_code>(closing_->first),
                                                       closing_->second);
    stream_.async_close(reason, [self = shared_from_this()](ErrorCode) { self->lose("closed"); });
  }

  void write() {
    stream_.text(out_.text);
    deadline_.arm(shared_.options.stall_timeout,
                  [self = shared_from_this()] { self->lose("slow_reader"); });
    stream_.async_write(asio::buffer(out_.bytes),
                        [self = shared_from_this()](ErrorCode error, size_t /*bytes*/) {
                          self->deadline_.disarm();
                          self->sending_ = false;
                          if (error) return self->lose("disconnect");
                          self->on_sent();
                        });
  }

  void on_sent() {
    {
      const std::lock_guard lock(mutex_);
      unsent_ -= out_.bytes.size();
    }
    room_.notify_all();
    pump();
  }

  void lose(const std::string& why) {
    {
      const std::lock_guard lock(mutex_);
      if (!gone_.empty()) return;
      gone_ = why;
    }
    room_.notify_all();
    deadline_.disarm();
    ErrorCode ignored;
    stream_.next_layer().close(ignored);
    if (const auto listener = std::exchange(listener_, nullptr)) listener->on_close(why);
  }

  const Counted counted_;
  Shared& shared_;
  boost::beast::websocket::stream<tcp::socket> stream_;
  Deadline deadline_;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<SocketListener> listener_;
  mutable std::mutex mutex_;  // guards the next four
  std::deque<Message> queue_;
  size_t unsent_ = 0;  // of the queue, and of what is being sent
  std::optional<std::pair<uint16_t, std::string>> closing_;
  std::string gone_;
  std::condition_variable room_;
  Message out_;
  bool sending_ = false;
  bool close_sent_ = false;
};

}  // namespace chatterbox::server
