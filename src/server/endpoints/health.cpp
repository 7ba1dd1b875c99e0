#include <nlohmann/json.hpp>
#include <utility>

#include "server/endpoints/endpoints.h"
#include "server/page.h"

namespace chatterbox::server {
namespace {

void answer_state(Context& context, Call& call, const std::string& state, bool well) {
  respond_json(context, call, nlohmann::json{{"status", state}}.dump(), well ? 200 : 503);
}

}  // namespace

// Whether the process is worth keeping.
void answer_live(Context& context, Call& call) {
  const bool well = context.models.healthy(context.options.max_step);
  answer_state(context, call, well ? "ok" : "unhealthy", well);
}

// Whether it should get requests.
void answer_ready(Context& context, Call& call) {
  if (context.draining) return answer_state(context, call, "draining", false);
  if (!context.models.ready()) return answer_state(context, call, "starting", false);
  answer_live(context, call);
}

void answer_metrics(Context& context, Call& call) {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4";
  response.body = context.metrics.text(context.models, context.connections(), context.draining);
  respond(context, call, std::move(response));
}

void answer_page(Context& context, Call& call) {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::string(page_html());
  // The page has everything in itself; it must not load, or be put into, anything else.
  response.headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                       "img-src data:; media-src blob:; connect-src 'self'; base-uri 'none'; "
                       "form-action 'none'; frame-ancestors 'none'"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"}};
  respond(context, call, std::move(response));
}

}  // namespace chatterbox::server
