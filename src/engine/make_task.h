// What the models get for what a caller asks: checked, complete, and with its text as ids, so that
// the engine's threads do none of that.
#pragma once

#include <string>
#include <string_view>

#include "engine/request.h"
#include "runtime/model_catalog.h"

namespace chatterbox::engine {

// All throw what validate_*() and ModelCatalog's encode() and check() throw, and kNotFound where
// neither the caller nor the model has a voice. Without the callbacks.
[[nodiscard]] runtime::Task make_task(const Request& request, const runtime::ModelCatalog& catalog);
[[nodiscard]] runtime::Task make_task(const Conversion& conversion,
                                      const runtime::ModelCatalog& catalog);
[[nodiscard]] runtime::Task make_task(const Audio& recording, const VoiceOptions& options,
                                      const runtime::ModelCatalog& catalog);

// The same for a long text in two steps: all but the text, which was validated, then each piece.
[[nodiscard]] runtime::Task make_task_without_text(const Request& request,
                                                   const runtime::ModelCatalog& catalog);
void set_text(runtime::Task& task, std::string text, const runtime::ModelCatalog& catalog);

// What a request that waits keeps in memory.
[[nodiscard]] int64_t bytes_of(const runtime::Task& task);
[[nodiscard]] std::string lower_case(std::string_view code);  // of ASCII

}  // namespace chatterbox::engine
