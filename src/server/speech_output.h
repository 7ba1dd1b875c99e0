// Speech on its way to the client: as the bytes of a file, or as events (SSE) that hold them.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <string>
#include <string_view>

#include "server/context.h"
#include "server/formats.h"

namespace chatterbox::server {

[[nodiscard]] std::string base64(std::string_view bytes);

// How an answer with speech is sent.
struct OutputOptions {
  const ResponseFormat* format = nullptr;
  double speed = 1;
  bool sse = false;
  HeaderList headers = {};
};

class SpeechOutput {
 public:
  SpeechOutput(const Context& context, Call& call, OutputOptions options);

  // The first samples begin the answer. Wait while the reader is slow; false: nobody reads any
  // more.
  [[nodiscard]] bool write(Samples samples);
  [[nodiscard]] bool finish(const ResultStats& stats);
  // Once the answer has begun, a failure cannot change its status any more: the client gets an
  // event, or a body that breaks off.
  [[nodiscard]] bool begun() const { return begun_; }
  void break_off(const ApiError& error);

 private:
  [[nodiscard]] bool send(const std::string& bytes);
  [[nodiscard]] bool send_event(const std::string& json);

  const Context& context_;
  Call& call_;
  const OutputOptions options_;
  SpeechEncoder encoder_;
  bool begun_ = false;
};

// Sends what the job speaks, as it is spoken. Throws ApiError if the answer has not begun.
void send_speech(const Context& context, Call& call, const Job& job, const OutputOptions& options);
// The same as one file with a Content-Length, when all of it is there.
void send_whole_speech(const Context& context, Call& call, const Job& job,
                       const OutputOptions& options);

// X-Seed, X-Model, X-Precision.
[[nodiscard]] HeaderList speech_headers(const Call& call, const ChatterboxEngine& engine,
                                        uint64_t seed);

}  // namespace chatterbox::server
