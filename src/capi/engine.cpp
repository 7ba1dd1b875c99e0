#include <memory>
#include <string>
#include <utility>

#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/structs.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::capi::guard;
using chatterbox::capi::require;

namespace {

chatterbox_engine_options default_options() {
  const chatterbox::EngineOptions from;
  chatterbox_engine_options options{};
  options.precision = CHATTERBOX_PRECISION_DEFAULT;
  options.model = "demo";
  options.device = "auto";
  options.threads = from.threads;
  options.max_queue = from.max_queue;
  options.log_level = static_cast<int32_t>(from.log_level);
  return options;
}

chatterbox_request default_request() {
  const chatterbox::Request from;
  chatterbox_request request{};
  request.temperature = from.temperature;
  request.cfg_weight = from.cfg_weight;
  request.exaggeration = from.exaggeration;
  request.min_p = from.min_p;
  request.top_p = from.top_p;
  request.repetition_penalty = from.repetition_penalty;
  request.max_new_tokens = from.max_new_tokens;
  request.cfm_steps = from.cfm_steps;
  return request;
}

chatterbox::EngineOptions convert(const chatterbox_engine_options& from) {
  require("model", from.model);
  require("device", from.device);
  chatterbox::capi::require_zero("reserved", from.reserved);
  chatterbox::EngineOptions options;
  options.model = from.model;
  options.device = from.device;
  if (from.precision != CHATTERBOX_PRECISION_DEFAULT) {
    options.precision = static_cast<chatterbox::Precision>(from.precision);
  }
  options.threads = from.threads;
  options.max_queue = from.max_queue;
  options.log_level = static_cast<chatterbox::LogLevel>(from.log_level);
  options.log = chatterbox::capi::log_callback(from.log, from.log_user_data);
  return options;
}

chatterbox::Request convert(const chatterbox_request* caller) {
  require("request", caller);
  const auto from = chatterbox::capi::read_struct("chatterbox_request", default_request(), caller);
  require("text", from.text);
  if (from.has_seed != 0 && from.has_seed != 1) {
    fail(Status::kInvalidArgument, "has_seed must be 0 or 1, got {}", from.has_seed);
  }
  chatterbox::Request request;
  request.text = from.text;
  if (from.voice != nullptr) request.voice = from.voice->voice;
  if (from.has_seed == 1) request.seed = from.seed;
  request.temperature = from.temperature;
  request.cfg_weight = from.cfg_weight;
  request.exaggeration = from.exaggeration;
  request.min_p = from.min_p;
  request.top_p = from.top_p;
  request.repetition_penalty = from.repetition_penalty;
  request.max_new_tokens = from.max_new_tokens;
  request.cfm_steps = from.cfm_steps;
  request.on_progress =
      chatterbox::capi::progress_callback(from.on_progress, from.progress_user_data);
  request.on_tensor = chatterbox::capi::tensor_callback(from.on_tensor, from.tensor_user_data);
  return request;
}

chatterbox_engine_info convert(const chatterbox::EngineInfo& from) {
  chatterbox_engine_info info{};
  info.sample_rate = from.sample_rate;
  info.family = from.family.c_str();
  info.model = from.model.c_str();
  info.device = from.device.c_str();
  info.precision = from.precision.c_str();
  info.parameters = from.parameters;
  info.weight_bytes = from.weight_bytes;
  info.max_text_tokens = from.max_text_tokens;
  info.kv_bytes_per_position = from.kv_bytes_per_position;
  info.load_seconds = from.load_seconds;
  info.has_default_voice = from.has_default_voice ? 1 : 0;
  return info;
}

}  // namespace

chatterbox_status chatterbox_engine_options_init(chatterbox_engine_options* options, size_t size) {
  return guard([&] {
    require("options", options);
    chatterbox::capi::init_struct("chatterbox_engine_options", default_options(), options, size);
  });
}

chatterbox_status chatterbox_request_init(chatterbox_request* request, size_t size) {
  return guard([&] {
    require("request", request);
    chatterbox::capi::init_struct("chatterbox_request", default_request(), request, size);
  });
}

chatterbox_status chatterbox_engine_create(const chatterbox_engine_options* options,
                                           chatterbox_engine** engine) {
  if (engine != nullptr) *engine = nullptr;
  return guard([&] {
    require("engine", engine);
    auto from = default_options();
    if (options != nullptr) {
      from = chatterbox::capi::read_struct("chatterbox_engine_options", from, options);
    }
    auto loaded = chatterbox::ChatterboxEngine::load(convert(from));
    chatterbox::EngineInfo info = loaded.info();
    *engine = new chatterbox_engine{std::move(loaded), std::move(info)};
  });
}

void chatterbox_engine_destroy(chatterbox_engine* engine) { delete engine; }

chatterbox_status chatterbox_engine_get_info(const chatterbox_engine* engine,
                                             chatterbox_engine_info* info, size_t size) {
  return guard([&] {
    require("info", info);
    chatterbox::capi::write_struct("chatterbox_engine_info", {}, info, size);
    require("engine", engine);
    chatterbox::capi::write_struct("chatterbox_engine_info", convert(engine->info), info, size);
  });
}

chatterbox_status chatterbox_engine_generate(chatterbox_engine* engine,
                                             const chatterbox_request* request,
                                             chatterbox_result** result) {
  if (result != nullptr) *result = nullptr;
  return guard([&] {
    require("result", result);
    require("engine", engine);
    const chatterbox::Job job = engine->engine.submit(convert(request));
    *result = new chatterbox_result{job, job.wait()};
  });
}

chatterbox_status chatterbox_engine_submit(chatterbox_engine* engine,
                                           const chatterbox_request* request,
                                           chatterbox_job** job) {
  if (job != nullptr) *job = nullptr;
  return guard([&] {
    require("job", job);
    require("engine", engine);
    *job = new chatterbox_job{engine->engine.submit(convert(request))};
  });
}
