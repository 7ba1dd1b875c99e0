#include "runtime/quantise.h"

#include <chatterbox/engine.h>

#include "capi/arguments.h"
#include "capi/guard.h"
#include "engine/validate.h"
#include "support/error.h"

using chatterbox::capi::guard;
using chatterbox::capi::require;

chatterbox_status chatterbox_quantise_model(const char* model, int32_t family, const char* output) {
  return guard([&] {
    require("model", model);
    require("output", output);
    if (*output == '\0') {
      chatterbox::fail(chatterbox::Status::kInvalidArgument, "output must not be empty");
    }
    chatterbox::EngineOptions options;
    options.model = model;
    options.family = chatterbox::capi::optional_enum<chatterbox::Family>(family);
    chatterbox::engine::validate_options(options);
    chatterbox::runtime::quantise(options.model, options.family, output);
  });
}
