#include "server/context.h"

#include <utility>

#include "server/multipart.h"

namespace chatterbox::server {
namespace {

void add_common(const Context& context, const Call& call, HttpResponse& response) {
  response.headers.emplace_back("X-Request-Id", call.record.id);
  if (context.options.cors_origin.empty()) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", context.options.cors_origin);
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "X-Request-Id, X-Seed, X-Model, X-Precision, Retry-After");
  response.headers.emplace_back("Vary", "Origin");
}

}  // namespace

void respond(const Context& context, Call& call, HttpResponse response) {
  add_common(context, call, response);
  call.record.status = response.status;
  call.exchange->respond(response);
}

void respond_json(const Context& context, Call& call, std::string body, int status) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  respond(context, call, std::move(response));
}

void begin(const Context& context, Call& call, HttpResponse head) {
  add_common(context, call, head);
  call.record.status = head.status;
  call.exchange->begin(head);
}

nlohmann::json json_body(const Call& call) {
  if (!is_media_type(call.request.header("content-type"), "application/json")) {
    throw ApiError(415, "unsupported_media_type", "the Content-Type must be application/json");
  }
  return parse_object(call.request.body);
}

EngineHandle acquire_model(Context& context, Call& call, const std::string& asked) {
  const std::string& name = context.models.resolve(asked);
  call.record.model = name;
  if (!context.models.ready()) {
    throw ApiError(503, "starting", "the models are still being loaded").retry_after(2);
  }
  return context.models.acquire(name);
}

ApiError refused(const ChatterboxEngine& engine, const Error& error) {
  ApiError refusal = to_api_error(error);
  if (error.status() != Status::kBusy) return refusal;
  return std::move(refusal).retry_after(retry_seconds(engine.metrics().queue_seconds));
}

}  // namespace chatterbox::server
