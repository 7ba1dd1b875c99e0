#include <nlohmann/json.hpp>

#include "server/endpoints/endpoints.h"
#include "server/multipart.h"

namespace chatterbox::server {

// The file as a form's part `file`, or as the body itself.
void answer_watermark(Context& context, Call& call) {
  std::string_view file = call.request.body;
  if (is_media_type(call.request.header("content-type"), "multipart/form-data")) {
    const Form form = read_form(call, {"file", "audio"});
    JsonFields(form.fields).refuse_unknown();
    file = form.file;
  }
  if (file.empty()) {
    throw ApiError(400, "missing_parameter", "file must be there: it is the recording", "file");
  }
  const Audio audio = decode_audio(file.data(), file.size());
  float confidence = 0;
  try {
    // Loaded for each request: 37 MB that are read in milliseconds, and that nobody needs often.
    confidence = WatermarkDetector().detect(audio);
  } catch (const Error& error) {
    if (error.status() != Status::kNotFound) throw;
    throw ApiError(501, "unsupported", error.what());
  }
  respond_json(context, call,
               nlohmann::json{{"object", "audio.watermark"},
                              {"watermarked", confidence > 0.5F},
                              {"confidence", confidence}}
                   .dump());
}

}  // namespace chatterbox::server
