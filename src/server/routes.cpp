#include "server/routes.h"

#include <array>

#include "server/endpoints/endpoints.h"

namespace chatterbox::server {
namespace {

using Body = Route::Body;

constexpr std::array<Route, 15> kRoutes = {{
    {"POST", "/v1/audio/speech", answer_speech, true, true, Body::kText},
    {"GET", "/v1/audio/speech/stream", nullptr, true, true, Body::kNone, true},
    {"POST", "/v1/audio/conversions", answer_conversion, true, true, Body::kUpload},
    {"GET", "/v1/audio/voices", answer_voices},
    {"POST", "/v1/audio/voices", answer_add_voice, true, true, Body::kUpload},
    {"DELETE", "/v1/audio/voices/{voice}", answer_delete_voice, true, true},
    {"POST", "/v1/audio/watermark", answer_watermark, true, true, Body::kUpload},
    {"GET", "/v1/audio/models", answer_audio_models},
    {"GET", "/v1/audio/languages", answer_languages},
    {"GET", "/v1/models", answer_models},
    {"GET", "/v1/models/{model}", answer_model},
    {"GET", "/health/live", answer_live, false},
    {"GET", "/health/ready", answer_ready, false},
    {"GET", "/metrics", answer_metrics},
    {"GET", "/", answer_page, false},
}};

bool matches(std::string_view pattern, const std::vector<std::string>& path) {
  size_t count = 0;
  pattern.remove_prefix(1);
  while (!pattern.empty()) {
    const size_t end = pattern.find('/');
    const std::string_view segment = pattern.substr(0, end);
    if (count == path.size()) return false;
    if (segment.front() != '{' && segment != path[count]) return false;
    ++count;
    pattern = end == std::string_view::npos ? std::string_view() : pattern.substr(end + 1);
  }
  return count == path.size();
}

}  // namespace

Routed find_route(std::string_view method, const std::vector<std::string>& path) {
  Routed routed;
  for (const Route& route : kRoutes) {
    if (!matches(route.path, path)) continue;
    routed.methods.push_back(route.method);
    // HEAD is GET whose body is left out.
    if (route.method == (method == "HEAD" ? "GET" : method)) routed.route = &route;
  }
  return routed;
}

}  // namespace chatterbox::server
