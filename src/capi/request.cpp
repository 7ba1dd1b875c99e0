#include "capi/request.h"

#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/structs.h"

namespace chatterbox::capi {
namespace {

// Without text, voice, seed and callbacks.
chatterbox_request to_struct(const Request& from) {
  chatterbox_request request{};
  request.temperature = from.temperature;
  request.cfg_weight = from.cfg_weight;
  request.exaggeration = from.exaggeration;
  request.min_p = from.min_p;
  request.top_p = from.top_p;
  request.repetition_penalty = from.repetition_penalty;
  request.max_new_tokens = from.max_new_tokens;
  request.cfm_steps = from.cfm_steps;
  request.analyze_alignment = from.analyze_alignment ? 1 : 0;
  request.top_k = from.top_k;
  return request;
}

}  // namespace

Request convert(const chatterbox_request* caller) {
  require("request", caller);
  const auto from = read_struct("chatterbox_request", to_struct(Request()), caller);
  require("text", from.text);
  require_zero("reserved", from.reserved);
  Request request;
  request.text = from.text;
  if (from.voice != nullptr) request.voice = from.voice->voice;
  if (flag("has_seed", from.has_seed)) request.seed = from.seed;
  request.temperature = from.temperature;
  request.cfg_weight = from.cfg_weight;
  request.exaggeration = from.exaggeration;
  request.min_p = from.min_p;
  request.top_p = from.top_p;
  request.repetition_penalty = from.repetition_penalty;
  request.max_new_tokens = from.max_new_tokens;
  request.cfm_steps = from.cfm_steps;
  request.analyze_alignment = flag("analyze_alignment", from.analyze_alignment);
  request.top_k = from.top_k;
  if (from.language != nullptr) request.language = from.language;
  request.text_tags = flag("text_tags", from.text_tags);
  request.on_progress = progress_callback(from.on_progress, from.progress_user_data);
  request.on_tensor = tensor_callback(from.on_tensor, from.tensor_user_data);
  return request;
}

}  // namespace chatterbox::capi

chatterbox_status chatterbox_request_init(chatterbox_request* request, size_t size) {
  return chatterbox::capi::guard([&] {
    chatterbox::capi::require("request", request);
    chatterbox::capi::init_struct(
        "chatterbox_request", chatterbox::capi::to_struct(chatterbox::Request()), request, size);
  });
}

chatterbox_status chatterbox_engine_request_init(const chatterbox_engine* engine,
                                                 chatterbox_request* request, size_t size) {
  return chatterbox::capi::guard([&] {
    chatterbox::capi::require("request", request);
    chatterbox::capi::require("engine", engine);
    const auto defaults = chatterbox::capi::to_struct(engine->engine.default_request());
    chatterbox::capi::init_struct("chatterbox_request", defaults, request, size);
  });
}
