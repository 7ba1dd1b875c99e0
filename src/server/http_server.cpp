#include "server/http_server.h"

#include <algorithm>
#include <chatterbox/chatterbox.hpp>
#include <csignal>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "server/beast/session.h"
#include "server/beast/shared.h"

namespace chatterbox::server {

class HttpServer::Listener {
 public:
  Listener(const HttpOptions& options, HttpHandler& handler)
      : shared_{options, handler},
        context_(options.threads),
        acceptor_(context_),
        retry_(context_),
        signals_(context_) {
    shared_.on_free = [this] {
      if (paused_.exchange(false)) asio::post(context_, [this] { accept(); });
    };
    shared_.remember = [this](const auto& connection) { remember(connection); };
    listen();
    accept();
  }
  // Connections refer to the rest, so they must go first: with the context, which holds them.
  ~Listener() { shared_.on_free = nullptr; }

  [[nodiscard]] uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] size_t connections() const { return shared_.connections; }

  void on_signals(std::function<void()> terminate, std::function<void()> reload) {
    terminate_ = std::move(terminate);
    reload_ = std::move(reload);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
    wait_for_signal();
  }

  void run() {
    std::vector<std::thread> threads;
    for (int i = 1; i < shared_.options.threads; ++i) {
      threads.emplace_back([this] { context_.run(); });
    }
    context_.run();
    for (std::thread& thread : threads) thread.join();
  }
  void stop() { context_.stop(); }

  void close_idle() {
    shared_.closing = true;
    for_each([](Connection& connection) { connection.close_idle_soon(); });
  }
  void drop_all(const std::string& why) {
    for_each([&why](Connection& connection) { connection.drop_soon(why); });
  }

 private:
  template <class Call>
  void for_each(Call call) {
    const std::lock_guard lock(mutex_);
    for (const std::weak_ptr<Connection>& weak : connections_) {
      if (const auto connection = weak.lock()) call(*connection);
    }
  }

  void listen() {
    try {
      tcp::resolver resolver(context_);
      const auto found = resolver.resolve(
          shared_.options.host, std::to_string(shared_.options.port), tcp::resolver::passive);
      const tcp::endpoint endpoint = found.begin()->endpoint();
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(asio::socket_base::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen(1024);
    } catch (const boost::system::system_error& error) {
      throw Error(Status::kIo, "cannot listen on " + shared_.options.host + ", port " +
                                   std::to_string(shared_.options.port) + ": " +
                                   error.code().message());
    }
  }

  void accept() {
    if (shared_.connections >= shared_.options.max_connections) {
      paused_ = true;
      // One may have ended meanwhile, and have seen no pause.
      if (shared_.connections >= shared_.options.max_connections || !paused_.exchange(false))
        return;
    }
    acceptor_.async_accept(
        asio::make_strand(context_), [this](ErrorCode error, tcp::socket socket) {
          if (error == asio::error::operation_aborted) return;
          if (error) return accept_later();  // too many open files
          const auto session = std::make_shared<Session>(std::move(socket), shared_);
          shared_.remember(session);
          session->start();
          accept();
        });
  }

  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](ErrorCode error) {
      if (!error) accept();
    });
  }

  void remember(const std::shared_ptr<Connection>& connection) {
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= 2 * shared_.connections + 64) {
      connections_.remove_if([](const std::weak_ptr<Connection>& weak) { return weak.expired(); });
    }
    connections_.push_back(connection);
  }

  void wait_for_signal() {
    signals_.async_wait([this](ErrorCode error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        if (reload_) reload_();
        return wait_for_signal();
      }
      signals_.clear();  // the next one has its usual effect
      if (terminate_) terminate_();
    });
  }

  Shared shared_;
  std::mutex mutex_;
  std::list<std::weak_ptr<Connection>> connections_;
  std::atomic<bool> paused_{false};
  std::function<void()> terminate_;
  std::function<void()> reload_;
  asio::io_context context_;  // goes first
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  asio::signal_set signals_;
};

HttpServer::HttpServer(const HttpOptions& options, HttpHandler& handler)
    : listener_(std::make_unique<Listener>(options, handler)) {}
HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const { return listener_->port(); }
size_t HttpServer::connections() const { return listener_->connections(); }
void HttpServer::on_signals(std::function<void()> terminate, std::function<void()> reload) {
  listener_->on_signals(std::move(terminate), std::move(reload));
}
void HttpServer::run() { listener_->run(); }
void HttpServer::stop() { listener_->stop(); }
void HttpServer::close_idle() { listener_->close_idle(); }
void HttpServer::drop_all(const std::string& why) { listener_->drop_all(why); }

}  // namespace chatterbox::server
