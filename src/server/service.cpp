#include "server/service.h"

#include <algorithm>
#include <new>
#include <utility>

#include "server/endpoints/endpoints.h"
#include "server/speech_socket.h"

namespace chatterbox::server {
namespace {

constexpr size_t kMaxTextBody = 1 << 20;
constexpr size_t kMaxRequestId = 64;

bool is_plain_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestId && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string_view without_scheme(std::string_view origin) {
  const size_t end = origin.find("://");
  return end == std::string_view::npos ? origin : origin.substr(end + 3);
}

// How a request ended, where nobody has said so yet.
std::string end_of(const RequestRecord& record, const Exchange& exchange) {
  if (!record.end.empty()) return record.end;
  if (std::string gone = exchange.gone(); !gone.empty()) return gone;
  if (record.status == 429 || record.status == 503) return "busy";
  if (record.status == 504) return "deadline";
  if (record.status >= 500) return "failed";
  return record.status >= 400 ? "refused" : "ok";
}

}  // namespace

Service::Service(Context& context)
    : context_(context), run_(draw_seed()), workers_(context.options.workers) {}

const Route& Service::route_of(const HttpRequest& request, Target& target) const {
  auto parsed = parse_target(request.target);
  if (!parsed) throw ApiError(400, "invalid_target", "the path or the query is malformed");
  target = std::move(*parsed);
  const Routed routed = find_route(request.method, target.path);
  if (routed.route != nullptr) return *routed.route;
  if (routed.methods.empty()) throw ApiError(404, "not_found", "there is nothing at this path");
  std::string methods;
  for (const std::string_view method : routed.methods) {
    methods.append(methods.empty() ? "" : ", ").append(method);
  }
  throw ApiError(405, "method_not_allowed", "the method must be one of " + methods);
}

// A page of another site must not use the server of whoever looks at it: a browser says where a
// request comes from.
void Service::check_origin(const HttpRequest& request) const {
  const std::string_view origin = request.header("origin");
  if (origin.empty() || without_scheme(origin) == request.header("host")) return;
  const std::string& allowed = context_.options.cors_origin;
  if (allowed == "*" || (!allowed.empty() && origin == allowed)) return;
  throw ApiError(403, "origin_not_allowed",
                 "pages of other origins may not ask this server: see --cors");
}

void Service::check_open() const {
  if (context_.draining) {
    throw ApiError(503, "draining", "the server is about to end").retry_after(5);
  }
  if (!context_.models.ready()) {
    throw ApiError(503, "starting", "the models are still being loaded").retry_after(2);
  }
  const int64_t ceiling = context_.options.memory_ceiling;
  if (ceiling > 0 && resident_bytes() > ceiling) {
    throw ApiError(503, "memory", "the server uses as much memory as it may").retry_after(5);
  }
}

HttpResponse Service::preflight(const HttpRequest& request) const {
  check_origin(request);
  HttpResponse response;
  response.status = 204;
  response.content_type = "";
  response.headers = {{"Access-Control-Allow-Origin", context_.options.cors_origin},
                      {"Access-Control-Allow-Methods", "GET, POST, DELETE"},
                      {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                      {"Access-Control-Max-Age", "600"},
                      {"Vary", "Origin"}};
  return response;
}

Admission Service::admit(const HttpRequest& head) {
  Admission admission;
  try {
    if (head.method == "OPTIONS" && !context_.options.cors_origin.empty()) {
      admission.accepted = false;
      admission.refusal = preflight(head);
      return admission;
    }
    Target target;
    const Route& route = route_of(head, target);
    check_origin(head);
    if (route.needs_key) (void)context_.clients.identify(head);
    if (route.is_work) check_open();
    admission.websocket = route.websocket;
    if (route.body == Route::Body::kText) admission.body_limit = kMaxTextBody;
    if (route.body == Route::Body::kUpload) {
      admission.body_limit = context_.options.max_upload_bytes;
    }
  } catch (const ApiError& error) {
    admission.accepted = false;
    admission.refusal = to_response(error);
    note_refusal(head, error);
  }
  return admission;
}

HttpResponse Service::malformed(int status, const std::string& message) {
  const ApiError error(status, "malformed_request", message);
  note_refusal({}, error);
  return to_response(error);
}

void Service::note_refusal(const HttpRequest& head, const ApiError& error) {
  RequestRecord record;
  record.id = id_of(head);
  record.client = head.peer;
  record.method = head.method;
  record.status = error.status();
  record.end = error.status() == 503 ? "busy" : "refused";
  record.error = error.what();
  context_.metrics.begin();
  context_.metrics.end(record);
  context_.log(to_log_line(record));
}

std::string Service::id_of(const HttpRequest& request) {
  const std::string_view given = request.header("x-request-id");
  if (is_plain_id(given)) return std::string(given);
  return "req_" + std::to_string(run_) + "_" + std::to_string(++count_);
}

std::shared_ptr<Call> Service::new_call(HttpRequest request) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->record.id = id_of(call->request);
  call->record.method = call->request.method;
  return call;
}

void Service::identify(Call& call, const Route& route) const {
  call.record.route = route.path;
  if (route.needs_key) {
    call.client = context_.clients.identify(call.request);
  } else {
    call.client.name = call.request.peer;
  }
  call.record.client = call.client.name;
}

void Service::handle(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  const std::shared_ptr<Call> call = new_call(std::move(request));
  call->exchange = std::move(exchange);
  context_.metrics.begin();
  try {
    const Route& route = route_of(call->request, call->target);
    identify(*call, route);
    const auto answer = [this, call, &route] { route.answer(context_, *call); };
    if (route.is_work) return start_work(call, answer);
    run(*call, answer);
  } catch (const ApiError& error) {
    fail(*call, error);
  }
  finish(*call);
}

std::shared_ptr<SocketListener> Service::open(HttpRequest request, std::shared_ptr<Socket> socket) {
  SpeechSocketParts parts{context_, socket, nullptr, nullptr};
  parts.new_call = [this, head = std::move(request)] {
    auto call = new_call(head);
    call->record.id = id_of({});  // each speech has its own
    return call;
  };
  parts.start = [this](const std::shared_ptr<Call>& call, Work work,
                       const std::function<void()>& done) {
    context_.metrics.begin();
    try {
      identify(*call, route_of(call->request, call->target));
      return start_work(call, std::move(work), done);
    } catch (const ApiError& error) {
      fail(*call, error);
    }
    finish(*call);
    done();
  };
  return make_speech_socket(std::move(parts));
}

void Service::start_work(const std::shared_ptr<Call>& call, Work work, std::function<void()> done) {
  call->seat = context_.clients.seat(call->client);
  const bool runs = workers_.run([this, call, work = std::move(work), done = std::move(done)] {
    run(*call, work);
    finish(*call);
    call->seat = {};  // before whoever waits for the answer's end asks again
    if (done) done();
  });
  if (runs) return;
  throw ApiError(429, "queue_full", "as many requests as there may be are being answered")
      .retry_after(1);
}

void Service::run(Call& call, const Work& work) {
  try {
    work();
  } catch (const ApiError& error) {
    fail(call, error);
  } catch (const Error& error) {
    fail(call, to_api_error(error));
  } catch (const std::bad_alloc&) {
    fail(call, ApiError(503, "memory", "out of memory").retry_after(5));
  } catch (const std::exception& error) {
    fail(call, ApiError(500, "internal_error", error.what()));
  }
}

void Service::fail(Call& call, const ApiError& error) {
  call.record.error = error.what();
  respond(context_, call, to_response(error));
}

void Service::finish(Call& call) {
  call.record.seconds = call.seconds();
  call.record.bytes = call.exchange->bytes_sent();
  call.record.end = end_of(call.record, *call.exchange);
  call.exchange->on_gone(nullptr);
  context_.metrics.end(call.record);
  context_.log(to_log_line(call.record));
}

}  // namespace chatterbox::server
