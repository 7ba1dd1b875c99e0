#include "server/serve.h"

#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "server/service.h"

namespace chatterbox::server {
namespace {

using std::chrono::steady_clock;

// For what was told to end: a cancelled job takes a step of its engine, a load or an upload a few
// seconds.
constexpr std::chrono::seconds kLastWork{20};

// Every connection has a file descriptor; the usual limit is 1024.
void raise_file_limit(size_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = connections + 256;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void check(const ServeOptions& options) {
  if (options.keys.empty() && !options.insecure && !is_loopback(options.http.host)) {
    throw Error(Status::kInvalidArgument,
                "--host " + options.http.host +
                    " lets others in: give --keys FILE, or --insecure if that is what you want");
  }
}

// The thread that loads the models, unloads what is idle, and ends the server in order.
class Caretaker {
 public:
  Caretaker(const ServeOptions& options, Context& context, HttpServer& server)
      : options_(options), context_(context), server_(server), thread_([this] { run(); }) {}
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;
  ~Caretaker() { join(); }

  void begin_drain() {
    context_.draining = true;
    server_.close_idle();
    const std::lock_guard lock(mutex_);
    terminates_ = true;
    bell_.notify_all();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::exception_ptr failure() const { return failure_; }

 private:
  void run() {
    try {
      context_.models.load_all();
      options_.say("ready");
    } catch (...) {
      failure_ = std::current_exception();
      return server_.stop();
    }
    while (!wait(std::chrono::seconds(1))) {
      if (options_.idle_unload.count() > 0) {
        const size_t count = context_.models.unload_idle(options_.idle_unload);
        if (count > 0) options_.say("unloaded idle models: " + std::to_string(count));
      }
    }
    drain();
    server_.stop();
  }

  // True once the server is to end.
  bool wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    return bell_.wait_for(lock, most, [this] { return terminates_; });
  }

  void drain() {
    options_.say("draining");
    if (idle_within(options_.grace)) return;
    server_.drop_all("shutdown");
    (void)idle_within(kLastWork);
  }

  bool idle_within(std::chrono::seconds most) {
    const auto end = steady_clock::now() + most;
    while (context_.metrics.in_flight() > 0) {
      if (steady_clock::now() >= end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    // The last bytes of an answer are still on their way when whoever made it is done.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return true;
  }

  const ServeOptions& options_;
  Context& context_;
  HttpServer& server_;
  std::mutex mutex_;
  std::condition_variable bell_;
  bool terminates_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // uses the rest
};

}  // namespace

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

void serve(const ServeOptions& options) {
  check(options);
  raise_file_limit(options.http.max_connections);
  Models models(options.models);
  VoiceStore voices(options.voices, [&](const std::string& warning) { options.say(warning); });
  Clients clients(options.keys, options.client_limit);
  Context context{options.service, models, voices, clients, options.log, [] { return size_t{0}; }};
  Service service(context);
  HttpServer server(options.http, service);
  context.connections = [&server] { return server.connections(); };
  Caretaker caretaker(options, context, server);
  server.on_signals([&] { caretaker.begin_drain(); },
                    [&] {
                      try {
                        clients.reload();
                        options.say("keys read again");
                      } catch (const std::exception& error) {
                        options.say(std::string("the keys stay as they are: ") + error.what());
                      }
                    });
  options.say("listening on http://" + options.http.host + ":" + std::to_string(server.port()));
  server.run();
  caretaker.join();
  if (!service.finish_work(kLastWork)) {
    // An engine's step, or a file system, hangs. What waits for it can neither be ended nor left
    // behind, so the process goes as it would at a second SIGTERM.
    options.say("some requests did not end: giving them up");
    std::signal(SIGTERM, SIG_DFL);
    (void)std::raise(SIGTERM);
  }
  if (const std::exception_ptr failure = caretaker.failure()) std::rethrow_exception(failure);
}

}  // namespace chatterbox::server
