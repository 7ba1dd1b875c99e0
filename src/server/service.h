// The server without its sockets: admits requests, finds who answers them, and writes down how they
// ended.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/context.h"
#include "server/http.h"
#include "server/routes.h"
#include "server/worker_pool.h"

namespace chatterbox::server {

class Service final : public HttpHandler {
 public:
  explicit Service(Context& context);

  [[nodiscard]] Admission admit(const HttpRequest& head) override;
  void handle(HttpRequest request, std::shared_ptr<Exchange> exchange) override;
  [[nodiscard]] std::shared_ptr<SocketListener> open(HttpRequest request,
                                                     std::shared_ptr<Socket> socket) override;
  [[nodiscard]] HttpResponse malformed(int status, const std::string& message) override;

  // Waits for what is being answered, at most `most`. Call it when the server has stopped, so that
  // nothing new comes, and before it is destroyed, which the answers refer to. False: something is
  // stuck, and then neither may be destroyed.
  [[nodiscard]] bool finish_work(std::chrono::milliseconds most) {
    return workers_.idle_within(most);
  }

 private:
  [[nodiscard]] const Route& route_of(const HttpRequest& request, Target& target) const;
  void check_origin(const HttpRequest& request) const;
  void check_open() const;
  [[nodiscard]] HttpResponse preflight(const HttpRequest& request) const;
  [[nodiscard]] std::string id_of(const HttpRequest& request);
  using Work = std::function<void()>;  // throws what the endpoints throw
  [[nodiscard]] std::shared_ptr<Call> new_call(HttpRequest request);
  void identify(Call& call, const Route& route) const;
  // On a worker, with a seat of the client's; throws ApiError where there is neither.
  void start_work(const std::shared_ptr<Call>& call, Work work,
                  std::function<void()> done = nullptr);
  void run(Call& call, const Work& work);
  void fail(Call& call, const ApiError& error);
  void finish(Call& call);
  void note_refusal(const HttpRequest& head, const ApiError& error);

  Context& context_;
  std::atomic<uint64_t> count_{0};
  const uint64_t run_;  // of this process, so that ids do not repeat
  WorkerPool workers_;
};

}  // namespace chatterbox::server
