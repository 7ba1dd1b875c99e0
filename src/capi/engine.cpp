#include <memory>
#include <string>
#include <utility>

#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/request.h"
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
  options.deterministic = from.deterministic ? 1 : 0;
  options.mode = static_cast<int32_t>(from.mode);
  options.max_batch = from.max_batch;
  options.memory_limit = from.memory_limit;
  options.family = CHATTERBOX_FAMILY_AUTO;
  options.watermark = static_cast<int32_t>(from.watermark);
  return options;
}

chatterbox::EngineOptions convert(const chatterbox_engine_options& from) {
  require("model", from.model);
  require("device", from.device);
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
  options.deterministic = chatterbox::capi::flag("deterministic", from.deterministic);
  options.mode = static_cast<chatterbox::Mode>(from.mode);
  options.max_batch = from.max_batch;
  options.memory_limit = from.memory_limit;
  if (from.family != CHATTERBOX_FAMILY_AUTO) {
    options.family = static_cast<chatterbox::Family>(from.family);
  }
  options.watermark = static_cast<chatterbox::Watermark>(from.watermark);
  return options;
}

chatterbox_engine_info convert(const chatterbox::EngineInfo& from, const std::string& languages) {
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
  info.watermark = from.watermark ? 1 : 0;
  info.languages = languages.c_str();
  return info;
}

chatterbox_capacity convert(const chatterbox::Capacity& from) {
  chatterbox_capacity capacity{};
  capacity.rows = from.rows;
  capacity.positions = from.positions;
  capacity.row_bytes = from.row_bytes;
  capacity.cache_bytes = from.cache_bytes;
  capacity.batch_frames = from.batch_frames;
  capacity.rows_in_use = from.rows_in_use;
  capacity.peak_rows = from.peak_rows;
  capacity.running = from.running;
  capacity.waiting = from.waiting;
  capacity.prefix_bytes = from.prefix_bytes;
  capacity.prefix_hits = from.prefix_hits;
  capacity.prefix_misses = from.prefix_misses;
  capacity.prefix_positions_saved = from.prefix_positions_saved;
  return capacity;
}

std::string comma_separated(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ",") + word;
  return all;
}

}  // namespace

chatterbox_status chatterbox_engine_options_init(chatterbox_engine_options* options, size_t size) {
  return guard([&] {
    require("options", options);
    chatterbox::capi::init_struct("chatterbox_engine_options", default_options(), options, size);
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
    std::string languages = comma_separated(info.languages);
    *engine = new chatterbox_engine{std::move(loaded), std::move(info), std::move(languages)};
  });
}

void chatterbox_engine_destroy(chatterbox_engine* engine) { delete engine; }

chatterbox_status chatterbox_engine_get_info(const chatterbox_engine* engine,
                                             chatterbox_engine_info* info, size_t size) {
  return guard([&] {
    require("info", info);
    chatterbox::capi::write_struct("chatterbox_engine_info", {}, info, size);
    require("engine", engine);
    chatterbox::capi::write_struct("chatterbox_engine_info",
                                   convert(engine->info, engine->languages), info, size);
  });
}

chatterbox_status chatterbox_engine_get_capacity(const chatterbox_engine* engine,
                                                 chatterbox_capacity* capacity, size_t size) {
  return guard([&] {
    require("capacity", capacity);
    chatterbox::capi::write_struct("chatterbox_capacity", {}, capacity, size);
    require("engine", engine);
    chatterbox::capi::write_struct("chatterbox_capacity", convert(engine->engine.capacity()),
                                   capacity, size);
  });
}

chatterbox_status chatterbox_engine_generate(chatterbox_engine* engine,
                                             const chatterbox_request* request,
                                             chatterbox_result** result) {
  if (result != nullptr) *result = nullptr;
  return guard([&] {
    require("result", result);
    require("engine", engine);
    *result = chatterbox::capi::wait_for_result(
        engine->engine.submit(chatterbox::capi::convert(request)));
  });
}

chatterbox_status chatterbox_engine_submit(chatterbox_engine* engine,
                                           const chatterbox_request* request,
                                           chatterbox_job** job) {
  if (job != nullptr) *job = nullptr;
  return guard([&] {
    require("job", job);
    require("engine", engine);
    *job = new chatterbox_job{engine->engine.submit(chatterbox::capi::convert(request))};
  });
}
