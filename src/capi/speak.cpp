#include <chatterbox/request.h>

#include <utility>

#include "capi/arguments.h"
#include "capi/callbacks.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/jobs.h"
#include "capi/new_handle.h"
#include "capi/request.h"
#include "capi/structs.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::capi::guard;
using chatterbox::capi::require;
using chatterbox::capi::store_new;
using chatterbox::capi::wait_for_last_callback;

namespace {

chatterbox_long_text_options default_options() {
  chatterbox_long_text_options options{};
  options.pause_seconds = chatterbox::LongTextOptions().pause;
  return options;
}

chatterbox::LongTextOptions convert(const chatterbox_long_text_options* caller, uint64_t tag,
                                    void* user_data) {
  auto from = default_options();
  if (caller != nullptr) {
    from = chatterbox::capi::read_struct("chatterbox_long_text_options", from, caller);
  }
  chatterbox::capi::require_zero("reserved", from.reserved);
  chatterbox::LongTextOptions options;
  options.pause = from.pause_seconds;
  options.on_piece = chatterbox::capi::piece_callback(from.on_piece, tag, user_data);
  return options;
}

// What blocks for a result waits for room as long as it takes.
template <class Asked>
Asked patient(Asked asked) {
  if (asked.stream != chatterbox::StreamMode::kNone && !asked.on_audio) {
    fail(Status::kInvalidArgument,
         "stream is for requests that are submitted, or have on_audio: here nobody could read the "
         "samples");
  }
  asked.wait_for_room = chatterbox::kForever;
  return asked;
}

}  // namespace

chatterbox_status chatterbox_engine_submit(chatterbox_engine* engine,
                                           const chatterbox_request* request,
                                           chatterbox_job** job) {
  return store_new("job", job, [&] {
    require("engine", engine);
    return new chatterbox_job(engine->engine.submit(chatterbox::capi::convert(request)));
  });
}

chatterbox_status chatterbox_engine_generate(chatterbox_engine* engine,
                                             const chatterbox_request* request,
                                             chatterbox_result** result) {
  return store_new("result", result, [&] {
    require("engine", engine);
    return wait_for_last_callback(
        engine->engine.submit(patient(chatterbox::capi::convert(request))));
  });
}

chatterbox_status chatterbox_long_text_options_init(chatterbox_long_text_options* options,
                                                    size_t size) {
  return guard([&] {
    require("options", options);
    chatterbox::capi::init_struct("chatterbox_long_text_options", default_options(), options, size);
  });
}

chatterbox_status chatterbox_engine_submit_long(chatterbox_engine* engine,
                                                const chatterbox_request* request,
                                                const chatterbox_long_text_options* options,
                                                chatterbox_job** job) {
  return store_new("job", job, [&] {
    require("engine", engine);
    const auto asked = chatterbox::capi::convert(request);
    return new chatterbox_job(
        engine->engine.submit_long(asked, convert(options, asked.tag, request->user_data)));
  });
}

chatterbox_status chatterbox_engine_open_text(chatterbox_engine* engine,
                                              const chatterbox_request* request,
                                              const chatterbox_long_text_options* options,
                                              chatterbox_job** job) {
  return store_new("job", job, [&] {
    require("engine", engine);
    const auto asked = chatterbox::capi::convert(request, chatterbox::capi::Text::kOptional);
    return new chatterbox_job(
        engine->engine.open(asked, convert(options, asked.tag, request->user_data)));
  });
}

chatterbox_status chatterbox_engine_generate_long(chatterbox_engine* engine,
                                                  const chatterbox_request* request,
                                                  const chatterbox_long_text_options* options,
                                                  chatterbox_result** result) {
  return store_new("result", result, [&] {
    require("engine", engine);
    const auto asked = patient(chatterbox::capi::convert(request));
    return wait_for_last_callback(
        engine->engine.submit_long(asked, convert(options, asked.tag, request->user_data)));
  });
}

chatterbox_status chatterbox_engine_submit_conversion(chatterbox_engine* engine,
                                                      const chatterbox_conversion* conversion,
                                                      chatterbox_job** job) {
  return store_new("job", job, [&] {
    require("engine", engine);
    return new chatterbox_job(engine->engine.submit(chatterbox::capi::convert(conversion)));
  });
}

chatterbox_status chatterbox_engine_convert_voice(chatterbox_engine* engine,
                                                  const chatterbox_conversion* conversion,
                                                  chatterbox_result** result) {
  return store_new("result", result, [&] {
    require("engine", engine);
    return wait_for_last_callback(
        engine->engine.submit(patient(chatterbox::capi::convert(conversion))));
  });
}
