#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/samples.h"
#include "capi/structs.h"
#include "engine/validate.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::capi::guard;
using chatterbox::capi::require;

namespace {

chatterbox_conversion default_conversion() {
  chatterbox_conversion conversion{};
  conversion.channels = 1;
  return conversion;
}

chatterbox::Conversion convert(const chatterbox_conversion* caller) {
  require("conversion", caller);
  const auto from =
      chatterbox::capi::read_struct("chatterbox_conversion", default_conversion(), caller);
  require("samples", from.samples);
  chatterbox::capi::require_zero("reserved", from.reserved);
  const bool has_seed = chatterbox::capi::flag("has_seed", from.has_seed);
  // Before the samples are touched: a wrong count must not make us read beyond them.
  chatterbox::engine::validate_recording_format(from.frames, from.channels, from.sample_rate,
                                                chatterbox::engine::kLeastSourceSeconds);
  chatterbox::Conversion conversion;
  conversion.source =
      chatterbox::capi::copy_audio(from.samples, from.frames, from.channels, from.sample_rate);
  if (from.voice != nullptr) conversion.voice = from.voice->voice;
  if (has_seed) conversion.seed = from.seed;
  if (from.cfm_steps != 0) conversion.cfm_steps = from.cfm_steps;
  conversion.on_progress =
      chatterbox::capi::progress_callback(from.on_progress, from.progress_user_data);
  conversion.on_tensor = chatterbox::capi::tensor_callback(from.on_tensor, from.tensor_user_data);
  return conversion;
}

}  // namespace

chatterbox_status chatterbox_conversion_init(chatterbox_conversion* conversion, size_t size) {
  return guard([&] {
    require("conversion", conversion);
    chatterbox::capi::init_struct("chatterbox_conversion", default_conversion(), conversion, size);
  });
}

chatterbox_status chatterbox_engine_convert_voice(chatterbox_engine* engine,
                                                  const chatterbox_conversion* conversion,
                                                  chatterbox_result** result) {
  if (result != nullptr) *result = nullptr;
  return guard([&] {
    require("result", result);
    require("engine", engine);
    *result = chatterbox::capi::wait_for_result(engine->engine.submit(convert(conversion)));
  });
}

chatterbox_status chatterbox_engine_submit_conversion(chatterbox_engine* engine,
                                                      const chatterbox_conversion* conversion,
                                                      chatterbox_job** job) {
  if (job != nullptr) *job = nullptr;
  return guard([&] {
    require("job", job);
    require("engine", engine);
    *job = new chatterbox_job{engine->engine.submit(convert(conversion))};
  });
}
