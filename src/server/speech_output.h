// Speech on its way to the client: as the bytes of a file, as events (SSE) that hold them, or as
// bytes with events between them (WebSocket).
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "server/context.h"
#include "server/formats.h"

namespace chatterbox::server {

[[nodiscard]] std::string base64(std::string_view bytes);

enum class Framing { kFile, kEvents, kSocket };

// How an answer with speech is sent.
struct OutputOptions {
  const ResponseFormat* format = nullptr;
  double speed = 1;
  Framing framing = Framing::kFile;
  HeaderList headers = {};
};

class SpeechOutput {
 public:
  SpeechOutput(const Context& context, Call& call, OutputOptions options);

  // Sends all that the job speaks, as it is spoken; false: nobody reads any more. Throws what ended
  // the job.
  [[nodiscard]] bool send(const Job& job);
  // For what has nothing to speak.
  void finish_empty();
  // Once the answer has begun, a failure cannot change its status any more: the client gets an
  // event, or a body that breaks off.
  [[nodiscard]] bool begun() const { return begun_; }
  void break_off(const ApiError& error);

 private:
  // The first bytes begin the answer. These wait while the reader is slow.
  [[nodiscard]] bool write(const Chunk& chunk);
  [[nodiscard]] bool write(const std::string& bytes);
  [[nodiscard]] bool write_words(const std::vector<Word>& words);
  [[nodiscard]] bool finish(const ResultStats& stats);
  void begin();

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
