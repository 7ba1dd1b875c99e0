#include <chatterbox/engine.h>

#include <utility>

#include "capi/arguments.h"
#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/new_handle.h"
#include "capi/structs.h"
#include "support/error.h"

using chatterbox::capi::guard;
using chatterbox::capi::option;
using chatterbox::capi::optional_enum;
using chatterbox::capi::require;
using chatterbox::capi::store_new;

namespace {

chatterbox_engine_options default_options() {
  const chatterbox::EngineOptions from;
  chatterbox_engine_options options{};
  options.family = CHATTERBOX_UNSET;
  options.model = "demo";
  options.device = "auto";
  options.precision = CHATTERBOX_UNSET;
  options.t3_precision = CHATTERBOX_UNSET;
  options.s3gen_precision = CHATTERBOX_UNSET;
  options.kv_cache = CHATTERBOX_UNSET;
  options.max_streams = CHATTERBOX_UNSET;
  options.weights = static_cast<int32_t>(from.weights);
  options.threads = CHATTERBOX_UNSET;
  options.mode = static_cast<int32_t>(from.mode);
  options.max_batch = CHATTERBOX_UNSET;
  options.max_queue = from.max_queue;
  options.max_queue_bytes = from.max_queue_bytes;
  options.memory_limit = CHATTERBOX_UNSET;
  options.deterministic = from.deterministic ? 1 : 0;
  options.watermark = static_cast<int32_t>(from.watermark);
  options.log_level = static_cast<int32_t>(from.log_level);
  return options;
}

std::vector<chatterbox::NamedBytes> copy_files(const chatterbox_file* files, uint64_t count) {
  if (count > 0) require("files", files);
  std::vector<chatterbox::NamedBytes> copies;
  for (uint64_t i = 0; i < count; ++i) {
    require("name of a file", files[i].name);
    if (files[i].size > 0) require("data of a file", files[i].data);
    copies.push_back({files[i].name, std::string(static_cast<const char*>(files[i].data),
                                                 static_cast<size_t>(files[i].size))});
  }
  return copies;
}

chatterbox::EngineOptions convert(const chatterbox_engine_options& from) {
  require("model", from.model);
  require("device", from.device);
  chatterbox::capi::require_zero("reserved", from.reserved);
  chatterbox::EngineOptions options;
  options.model = from.model;
  options.files = copy_files(from.files, from.file_count);
  if (from.s3gen != nullptr) options.s3gen = from.s3gen;
  options.family = optional_enum<chatterbox::Family>(from.family);
  options.device = from.device;
  options.precision = optional_enum<chatterbox::Precision>(from.precision);
  options.t3_precision = optional_enum<chatterbox::Precision>(from.t3_precision);
  options.s3gen_precision = optional_enum<chatterbox::Precision>(from.s3gen_precision);
  options.kv_cache = optional_enum<chatterbox::Precision>(from.kv_cache);
  options.weights = static_cast<chatterbox::Weights>(from.weights);
  options.threads = option(from.threads);
  options.mode = static_cast<chatterbox::Mode>(from.mode);
  options.max_batch = option(from.max_batch);
  options.max_streams = option(from.max_streams);
  options.max_queue = from.max_queue;
  options.max_queue_bytes = from.max_queue_bytes;
  options.memory_limit = option(from.memory_limit);
  options.deterministic = chatterbox::capi::flag("deterministic", from.deterministic);
  options.watermark = static_cast<chatterbox::Watermark>(from.watermark);
  options.log = chatterbox::capi::log_callback(from.log, from.log_user_data);
  options.log_level = static_cast<chatterbox::LogLevel>(from.log_level);
  return options;
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
  return store_new("engine", engine, [&] {
    auto from = default_options();
    if (options != nullptr) {
      from = chatterbox::capi::read_struct("chatterbox_engine_options", from, options);
    }
    return new chatterbox_engine{chatterbox::Engine(convert(from))};
  });
}

void chatterbox_engine_destroy(chatterbox_engine* engine) { delete engine; }

void chatterbox_engine_cancel_all(chatterbox_engine* engine) {
  if (engine == nullptr) return;
  // Without memory for the reason, jobs run to their end.
  (void)guard([&] { engine->engine.cancel_all(); });
}

chatterbox_status chatterbox_engine_drain(chatterbox_engine* engine, int64_t timeout_ms) {
  return guard([&] {
    require("engine", engine);
    const auto timeout = chatterbox::capi::waiting_time("timeout_ms", timeout_ms);
    return engine->engine.drain(timeout) ? CHATTERBOX_STATUS_OK : CHATTERBOX_STATUS_TIMEOUT;
  });
}
