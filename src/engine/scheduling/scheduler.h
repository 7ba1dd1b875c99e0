// The jobs that are running, and what happens to them next. Of the worker thread alone; what the
// speaker does of a batch may be the speech thread's.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "engine/job_state.h"
#include "engine/scheduling/admission.h"
#include "engine/scheduling/chunk_speaker.h"
#include "engine/scheduling/completion.h"
#include "engine/scheduling/live_metrics.h"
#include "engine/scheduling/sequence.h"
#include "engine/scheduling/speaker.h"
#include "engine/scheduling/speech_thread.h"
#include "engine/scheduling/stream_policy.h"
#include "runtime/executor.h"
#include "support/log.h"

namespace chatterbox::engine {

class Scheduler {
 public:
  // `speech` may be null: then S3Gen runs between two decode steps, and `between_steps` is called
  // before each of its Euler steps. `max_streams`: 0 for as many as sustainable_streams().
  Scheduler(runtime::Model& model, SpeechThread* speech, int64_t max_streams, const Log& log,
            LiveMetrics& metrics, const std::function<void()>& between_steps);
  // Ends whatever still runs: there is no way in which a job does not end.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Whether the job can start now, and so must not wait.
  [[nodiscard]] Admission admission(const Job::State& job) const;
  // In mode kBatch: whether more may join the batch that is about to begin.
  [[nodiscard]] bool batch_is_open() const;
  // Takes its rows. A job that fails is over when this returns. Throws kDeviceLost only.
  void start(const std::shared_ptr<Job::State>& job);
  // One part of a prefill or of the reading of a recording, one decode step of all that draw, then
  // the speech of one batch or of a chunk of one stream, if it is time. With a speech thread that
  // is handed over. Returns whether there was anything to do. Throws kDeviceLost only, and
  // fail_all() is to follow.
  [[nodiscard]] bool advance();
  // Ends whatever still runs.
  void fail_all(const Failure& failure) noexcept;

 private:
  [[nodiscard]] Occupancy occupancy() const;
  bool drop_unwanted();

  [[nodiscard]] Sequence* next_to_prefill();
  bool prefill();
  void prefill(Sequence& sequence);
  [[nodiscard]] bool prefill_next_part(const Sequence& sequence);
  void end_prefill(Sequence& sequence);
  bool decode();
  void fail_step(const Batch& drawing);
  void after_step(Sequence& sequence);
  void collect(Sequence& sequence);
  void collect_voice(Sequence& sequence);

  // A batch of utterances that are spoken as a whole.
  [[nodiscard]] Batch next_to_speak();
  [[nodiscard]] int64_t waits_for_tokens() const;
  void count_overtaken(const Batch& batch);
  bool speak();
  void speak_whole(Batch batch);
  bool take_back();
  void reclaim() noexcept;

  // What concerns sequences that stream: scheduler_streams.cpp.
  void open(Sequence& sequence);
  void after_step_of_stream(Sequence& sequence);
  bool hand_over_tokens();
  void hand_over_tokens(Sequence& sequence);
  [[nodiscard]] static bool is_stalled(const Sequence& sequence);
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] static bool is_live(const Sequence& sequence);
  [[nodiscard]] bool follows_its_series(const Sequence& sequence) const;
  void count_streams(Occupancy& now) const;
  [[nodiscard]] bool is_active(uint64_t series) const;
  [[nodiscard]] std::vector<LiveStream> live_streams(Batch& sequences);
  [[nodiscard]] WholeUtterance as_whole(const Batch& batch) const;
  void speak_chunk(Sequence& sequence);
  void after_chunk(Sequence& sequence);

  void fail(Sequence& sequence);
  void end(Sequence& sequence, const Failure* failure) noexcept;
  [[nodiscard]] std::shared_ptr<Job::State> retire(Sequence& sequence) noexcept;
  void release_rows(Sequence& sequence) noexcept;
  void sweep() noexcept;
  void estimate() const;

  runtime::Model& model_;
  runtime::TokenExecutor& tokens_;
  SpeechThread* const speech_;
  const runtime::DeviceTraits traits_;
  const runtime::CacheLimits cache_;
  const AdmissionLimits limits_;
  LiveMetrics& metrics_;
  Completion completion_;
  Speaker speaker_;
  ChunkSpeaker chunk_speaker_;
  int64_t rows_ = 0;  // of the KV cache, in use
  bool batch_is_closed_ = false;
  bool reading_comes_next_ = false;  // recordings and texts are read in turn
  int64_t chunks_let_pass_ = 0;      // see WholeUtterance
  std::list<Sequence> running_;
  Batch speaking_;  // what the speech thread has: a batch, or one that streams
};

}  // namespace chatterbox::engine
