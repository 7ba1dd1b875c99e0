// What the endpoints share, and one request as they see it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/clients.h"
#include "server/http.h"
#include "server/models.h"
#include "server/request_record.h"
#include "server/server_metrics.h"
#include "server/speech_request.h"
#include "server/url.h"
#include "server/voice_store.h"

namespace chatterbox::server {

struct ServiceOptions {
  SpeechLimits speech;
  size_t max_upload_bytes = 32 << 20;
  std::chrono::milliseconds max_deadline{600000};  // of a request
  std::chrono::seconds max_step{120};              // an engine that takes longer for one step hangs
  int64_t memory_ceiling = 0;  // bytes; above it new requests are refused. 0: none
  size_t workers = 128;        // requests that are being answered at a time
  std::string cors_origin;     // empty: pages of other origins may not ask
};

struct Context {
  ServiceOptions options;
  Models& models;
  VoiceStore& voices;
  Clients& clients;
  std::function<void(std::string_view line)> log;  // one line, from any thread
  std::function<size_t()> connections;
  ServerMetrics metrics = {};
  std::atomic<bool> draining{false};
};

struct Call {
  HttpRequest request;
  Target target;
  std::shared_ptr<Exchange> exchange;
  Client client;
  Clients::Seat seat;
  RequestRecord record;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

// An answer with what every answer has: the request's id, and the origin that may read it.
void respond(const Context& context, Call& call, HttpResponse response);
void respond_json(const Context& context, Call& call, std::string body, int status = 200);
// The same for an answer that comes by and by.
void begin(const Context& context, Call& call, HttpResponse head);

// The body as a JSON object. Throws ApiError 415, 400.
[[nodiscard]] nlohmann::json json_body(const Call& call);

// The model, loaded; notes its name. Throws ApiError 404, and 503 while the server starts.
[[nodiscard]] EngineHandle acquire_model(Context& context, Call& call, const std::string& asked);

// What submitting threw, with the seconds until it is worth trying again.
[[nodiscard]] ApiError refused(const ChatterboxEngine& engine, const Error& error);

}  // namespace chatterbox::server
