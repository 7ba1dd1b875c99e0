// One HTTP connection. Everything runs on its strand but the functions of its answers. What it
// waits for, a socket or a timer, keeps it alive, and nothing else does: an answer that is being
// made holds it by a weak pointer, since a read is pending meanwhile. Only for http_server.cpp.
#pragma once

#include <boost/beast.hpp>
#include <optional>
#include <utility>

#include "server/answer.h"
#include "server/beast/shared.h"
#include "server/beast/websocket_session.h"

namespace chatterbox::server {

namespace beast = boost::beast;
namespace http = beast::http;

class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Shared& shared)
      : counted_(shared),
        shared_(shared),
        socket_(std::move(socket)),
        deadline_(socket_.get_executor()) {
    ErrorCode ignored;
    peer_ = socket_.remote_endpoint(ignored).address().to_string();
  }
  ~Session() override {
    if (answer_) answer_->lose("disconnect");
  }

  void start() {
    ErrorCode ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    // What the system holds for a slow reader is not bounded by max_unsent_bytes.
    socket_.set_option(asio::socket_base::send_buffer_size(128 << 10), ignored);
    read_header();
  }

  void close_idle_soon() override {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      if (!self->answer_ && self->parser_ && !self->parser_->got_some()) self->close();
    });
  }
  void drop_soon(const std::string& why) override {
    asio::post(socket_.get_executor(), [self = shared_from_this(), why] { self->lose(why); });
  }

 private:
  using Parser = http::request_parser<http::string_body>;

  void read_header() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(shared_.options.max_header_bytes));
    parser_->body_limit(boost::none);  // admit() says which
    timed_out_ = false;
    arm(shared_.options.header_timeout);
    http::async_read_header(socket_, buffer_, *parser_,
                            [self = shared_from_this()](ErrorCode error, size_t /*bytes*/) {
                              self->deadline_.disarm();
                              self->on_header(error);
                            });
  }

  void arm(std::chrono::seconds after) {
    deadline_.arm(after, [self = shared_from_this()] {
      self->timed_out_ = true;
      // What is pending ends; so does what would be read next, if something has just come.
      ErrorCode ignored;
      self->socket_.shutdown(tcp::socket::shutdown_receive, ignored);
      self->socket_.cancel(ignored);
    });
  }

  void on_header(ErrorCode error) {
    if (error) return on_unreadable(error);
    request_ = head();
    const auto& header = parser_->get();
    Admission admission = shared_.handler.admit(request_);
    const auto length = parser_->content_length();
    if (admission.accepted && length && *length > admission.body_limit) {
      return refuse(too_large(admission.body_limit));
    }
    if (!admission.accepted) return refuse(admission.refusal);
    if (admission.websocket) return open_websocket();
    body_limit_ = admission.body_limit;
    parser_->body_limit(admission.body_limit);
    if (beast::iequals(header[http::field::expect], "100-continue")) return invite_body();
    read_body();
  }

  [[nodiscard]] HttpRequest head() const {
    const auto& from = parser_->get();
    HttpRequest request;
    request.method = std::string(from.method_string());
    request.target = std::string(from.target());
    request.peer = peer_;
    for (const auto& field : from) {
      std::string name(field.name_string());
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      request.headers.emplace_back(std::move(name), std::string(field.value()));
    }
    return request;
  }

  [[nodiscard]] HttpResponse too_large(size_t limit) const {
    return shared_.handler.malformed(
        413, "the body must have at most " + std::to_string(limit) + " bytes");
  }

  // From here on the WebSocket has the socket, and this object goes.
  void open_websocket() {
    if (!beast::websocket::is_upgrade(parser_->get())) {
      return refuse(shared_.handler.malformed(426, "this path speaks WebSocket (RFC 6455)"));
    }
    const auto session = std::make_shared<WebSocketSession>(std::move(socket_), shared_);
    shared_.remember(session);
    session->start(parser_->release(), std::move(request_));
  }

  // A client that waits to be asked for its body (curl does so with large ones).
  void invite_body() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    arm(shared_.options.body_timeout);
    asio::async_write(socket_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](ErrorCode error, size_t /*bytes*/) {
                        if (error) return self->close();
                        self->read_body();
                      });
  }

  void read_body() {
    arm(shared_.options.body_timeout);
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](ErrorCode error, size_t /*bytes*/) {
                       self->deadline_.disarm();
                       if (error == http::error::body_limit) {
                         return self->refuse(self->too_large(self->body_limit_));
                       }
                       if (error) return self->on_unreadable(error);
                       self->on_request();
                     });
  }

  void on_unreadable(ErrorCode error) {
    if (timed_out_) {
      if (!parser_->got_some()) return close();
      return refuse(shared_.handler.malformed(408, "the request did not come in time"));
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return refuse(shared_.handler.malformed(
          431, "the header must have at most " + std::to_string(shared_.options.max_header_bytes) +
                   " bytes"));
    }
    if (error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return refuse(shared_.handler.malformed(400, "this is no HTTP: " + error.message()));
    }
    close();
  }

  void new_answer(bool keep_alive) {
    const auto& header = parser_->get();
    AnswerOptions options;
    options.max_unsent_bytes = shared_.options.max_unsent_bytes;
    options.http10 = header.version() < 11;
    options.head_only = header.method() == http::verb::head;
    options.keep_alive = keep_alive && header.keep_alive() && !shared_.closing;
    // The executor is used only while the session lives, so an answer may outlive both.
    options.wake = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        asio::post(self->socket_.get_executor(), [self] { self->pump(); });
      }
    };
    answer_ = std::make_shared<Answer>(std::move(options));
    finished_ = false;
  }

  // The body has not been read, if there is one: what comes next on the connection is not a
  // request.
  void refuse(const HttpResponse& response) {
    const bool whole =
        parser_->is_header_done() &&
        (parser_->is_done() || (!parser_->chunked() && parser_->content_length().value_or(0) == 0));
    new_answer(whole);
    answer_->respond(response);
    pump();  // at once: nothing is pending that would keep this object alive until then
  }

  void on_request() {
    request_.body = std::move(parser_->get().body());
    new_answer(true);
    const std::shared_ptr<Answer> answer = answer_;  // watch() may lose it
    watch();
    shared_.handler.handle(std::move(request_), answer);
  }

  // Reads while the answer is made: the only way to see at once that the client goes away. What
  // comes may also be the next request.
  void watch() {
    constexpr size_t kMost = 64 << 10;  // of requests that come before the answer
    if (buffer_.size() >= kMost) return lose("disconnect");
    watching_ = true;
    socket_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](ErrorCode error, size_t bytes) {
                              self->watching_ = false;
                              self->buffer_.commit(bytes);
                              if (self->finished_) return self->next();
                              if (error) return self->on_end_of_client();
                              self->watch();
                            });
  }

  // Whoever has read the end of an answer may go: whether its last bytes went out tells the write,
  // whose handler may come after that of the read.
  void on_end_of_client() {
    if (!sending_ || !answer_ || !answer_->is_complete()) lose("disconnect");
  }

  void pump() {
    if (sending_ || !answer_ || finished_) return;
    Answer::Taken taken = answer_->take();
    if (!taken.bytes.empty()) {
      out_ = std::move(taken.bytes);
      out_begin_ = 0;
      sending_ = true;
      return send();
    }
    if (taken.state == Answer::State::kAborted) return break_off();
    if (taken.state != Answer::State::kComplete) return;
    finished_ = true;
    if (watching_) {
      ErrorCode ignored;
      socket_.cancel(ignored);  // next() follows
    } else {
      next();
    }
  }

  void send() {
    deadline_.arm(shared_.options.stall_timeout,
                  [self = shared_from_this()] { self->lose("slow_reader"); });
    socket_.async_write_some(asio::buffer(out_.data() + out_begin_, out_.size() - out_begin_),
                             [self = shared_from_this()](ErrorCode error, size_t bytes) {
                               self->deadline_.disarm();
                               if (error) return self->lose("disconnect");
                               self->on_sent(bytes);
                             });
  }

  void on_sent(size_t bytes) {
    if (!answer_) return;
    answer_->sent(bytes);
    out_begin_ += bytes;
    if (out_begin_ < out_.size()) return send();
    sending_ = false;
    pump();
  }

  // The answer has been sent.
  void next() {
    if (!answer_) return;
    const bool again = answer_->keep_alive() && !shared_.closing;
    answer_.reset();
    if (again) return read_header();
    // What a client sends yet must not make the system throw away the answer that it has not read.
    ErrorCode ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    arm(std::chrono::seconds(2));
    discard();
  }

  void discard() {
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(16 << 10),
                            [self = shared_from_this()](ErrorCode error, size_t /*bytes*/) {
                              if (error || self->timed_out_) return self->close();
                              self->discard();
                            });
  }

  void break_off() {
    if (answer_->must_reset()) {
      ErrorCode ignored;
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    lose("aborted");
  }

  void lose(const std::string& why) {
    if (answer_) std::exchange(answer_, nullptr)->lose(why);
    close();
  }

  void close() {
    deadline_.disarm();
    ErrorCode ignored;
    socket_.close(ignored);
  }

  const Counted counted_;
  Shared& shared_;
  tcp::socket socket_;
  Deadline deadline_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpRequest request_;
  size_t body_limit_ = 0;
  std::shared_ptr<Answer> answer_;
  std::string out_;
  size_t out_begin_ = 0;
  bool timed_out_ = false;
  bool watching_ = false;
  bool sending_ = false;
  bool finished_ = false;
};

}  // namespace chatterbox::server
