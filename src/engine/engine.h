// The engine as the library's own code sees it. chatterbox.h is the same for everybody else.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/job.h"
#include "engine/request.h"
#include "engine/result.h"
#include "engine/voice.h"
#include "runtime/options.h"

namespace chatterbox {

// A loaded model and the thread that runs it (on CUDA a second one runs S3Gen). What a request
// gives does not depend on the others: not its tokens, its samples, nor its errors. Every function
// may be called from any thread; those that block throw kInvalidArgument on the engine's own
// threads. Destroying the engine cancels what is in flight, and callers that block get kCancelled.
class Engine {
 public:
  // Loads on the engine's thread and waits for it.
  explicit Engine(const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const EngineInfo& info() const;
  [[nodiscard]] const Limits& limits() const;
  [[nodiscard]] Metrics metrics() const;

  [[nodiscard]] Voice default_voice() const;  // kNotFound where the model has none
  [[nodiscard]] Voice named_voice(const std::string& name) const;
  [[nodiscard]] int64_t count_tokens(std::string_view text, const std::string& language,
                                     bool text_tags) const;  // with start and stop

  // Check, queue and return. kBusy where there is no room in the queue for wait_for_room long.
  [[nodiscard]] Job submit(const Request& request);
  [[nodiscard]] Job submit(const Conversion& conversion);
  // A text of any length up to 16 MB: split at sentences, many pieces at a time, all with the
  // request's seed; one job, which takes one place in the queue until its last piece is on its way.
  // on_piece is called in place of on_tensor and, but for the end, of on_progress. A piece that
  // fails ends all.
  [[nodiscard]] Job submit_long(const Request& request, const LongTextOptions& options);

  // The same for a text that comes by and by, with Job::feed(); that of the request, which may be
  // empty, is its beginning. It takes no place in the queue. Where it is cut into pieces depends on
  // what was there when it was. Where nobody holds the job any more, and it was not ended, it is
  // cancelled.
  [[nodiscard]] Job open(const Request& request, const LongTextOptions& options);

  // Block: wait for room, however long, and for the end. A batch's requests need no room: they are
  // queued a few at a time, and take their turns as one client, as the pieces of a long text do.
  [[nodiscard]] std::vector<Outcome> generate_batch(const std::vector<Request>& requests);
  [[nodiscard]] Voice make_voice(const Audio& recording, const VoiceOptions& options);

  // Asks every job to stop, queued or running; new ones are accepted.
  void cancel_all();
  // Accepts nothing more (kBusy) and waits for what there is. False: not done in time; the engine
  // still accepts nothing. Throws what ended the engine where that happened.
  [[nodiscard]] bool drain(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatterbox
