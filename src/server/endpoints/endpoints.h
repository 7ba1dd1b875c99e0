// The endpoints: what answers a request. They run on worker threads, where they may wait, but for
// those that say otherwise. All throw ApiError or Error before the answer has begun, and never
// later.
#pragma once

#include "server/context.h"

namespace chatterbox::server {

// speech.cpp
void answer_speech(Context& context, Call& call);      // POST /v1/audio/speech
void answer_conversion(Context& context, Call& call);  // POST /v1/audio/conversions
// voices.cpp
void answer_add_voice(Context& context, Call& call);     // POST /v1/audio/voices
void answer_delete_voice(Context& context, Call& call);  // DELETE /v1/audio/voices/{voice}
void answer_voices(Context& context, Call& call);        // GET; on an I/O thread
// watermark.cpp
void answer_watermark(Context& context, Call& call);  // POST /v1/audio/watermark
// lists.cpp; on an I/O thread
void answer_models(Context& context, Call& call);        // GET /v1/models
void answer_model(Context& context, Call& call);         // GET /v1/models/{model}
void answer_audio_models(Context& context, Call& call);  // GET /v1/audio/models
void answer_languages(Context& context, Call& call);     // GET /v1/audio/languages
// health.cpp; on an I/O thread
void answer_live(Context& context, Call& call);     // GET /health/live
void answer_ready(Context& context, Call& call);    // GET /health/ready
void answer_metrics(Context& context, Call& call);  // GET /metrics
void answer_page(Context& context, Call& call);     // GET /

// Fills in what the server adds to a request: its voice, a seed, who asks, its deadline.
void prepare_speech(Context& context, Call& call, const ChatterboxEngine& engine,
                    SpeechRequest& asked);

// A deadline under the server's ceiling.
[[nodiscard]] std::chrono::milliseconds deadline(const Context& context,
                                                 std::optional<std::chrono::milliseconds> asked);
[[nodiscard]] uint64_t draw_seed();

// The parts of a form: files by name, and the other fields as a JSON object, in which numbers are
// numbers.
struct Form {
  std::string_view file;  // empty: there is none
  nlohmann::json fields = nlohmann::json::object();
};
// `file_names`: of the part that is the file. Throws ApiError 400, 415.
[[nodiscard]] Form read_form(const Call& call, const std::vector<std::string>& file_names);

}  // namespace chatterbox::server
