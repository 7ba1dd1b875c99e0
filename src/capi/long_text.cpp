#include <exception>
#include <memory>

#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/request.h"
#include "capi/structs.h"

using chatterbox::fail;
using chatterbox::Status;
using chatterbox::capi::guard;
using chatterbox::capi::require;

namespace {

chatterbox_long_text_options default_options() {
  chatterbox_long_text_options options{};
  options.pause = chatterbox::LongTextOptions().pause;
  return options;
}

chatterbox::LongTextOptions convert(const chatterbox_long_text_options* caller) {
  auto from = default_options();
  if (caller != nullptr) {
    from = chatterbox::capi::read_struct("chatterbox_long_text_options", from, caller);
  }
  chatterbox::capi::require_zero("reserved", from.reserved);
  chatterbox::LongTextOptions options;
  options.pause = from.pause;
  if (from.is_cancelled != nullptr) {
    options.is_cancelled = [from] { return from.is_cancelled(from.cancelled_user_data) != 0; };
  }
  if (from.on_samples == nullptr) return options;
  options.on_samples = [from](const float* samples, size_t count) {
    if (from.on_samples(samples, count, from.samples_user_data) != 0) {
      fail(Status::kCancelled, "on_samples asked to stop");
    }
  };
  return options;
}

}  // namespace

chatterbox_status chatterbox_long_text_options_init(chatterbox_long_text_options* options,
                                                    size_t size) {
  return guard([&] {
    require("options", options);
    chatterbox::capi::init_struct("chatterbox_long_text_options", default_options(), options, size);
  });
}

chatterbox_status chatterbox_engine_generate_long(chatterbox_engine* engine,
                                                  const chatterbox_request* request,
                                                  const chatterbox_long_text_options* options,
                                                  chatterbox_result** result) {
  if (result != nullptr) *result = nullptr;
  return guard([&] {
    require("result", result);
    require("engine", engine);
    *result = new chatterbox_result{std::make_shared<const chatterbox::Result>(
        engine->engine.generate_long(chatterbox::capi::convert(request), convert(options)))};
  });
}
