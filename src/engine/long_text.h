// A text of any length as one job: pieces of it are jobs of the engine's own, many at a time, and
// what this does is driven by their ends. It has no thread.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "audio/join.h"
#include "engine/job_state.h"
#include "engine/request.h"
#include "engine/scheduling/worker.h"
#include "engine/submit.h"
#include "engine/text_pieces.h"
#include "engine/words.h"

namespace chatterbox::engine {

// The job's driver, which holds it for as long as it is not done.
class LongText final : public JobDriver, public std::enable_shared_from_this<LongText> {
 public:
  // See Engine::submit_long(). Splits the beginning of the text on the calling thread, and the rest
  // as it is needed, on those that drive this.
  [[nodiscard]] static std::shared_ptr<Job::State> submit(const std::shared_ptr<Worker>& worker,
                                                          const Request& request,
                                                          const LongTextOptions& options);

  // See Engine::open().
  [[nodiscard]] static std::shared_ptr<Job::State> open(const std::shared_ptr<Worker>& worker,
                                                        const Request& request,
                                                        const LongTextOptions& options);

  // Without a text it is fed. `text`: those pieces of it that are known.
  LongText(const std::shared_ptr<Worker>& worker, runtime::Task task,
           std::unique_ptr<WholeText> whole_text, PiecesOfText text, const LongTextOptions& options,
           WaitingRoom::Seat seat);

  void interrupted(Job::State& job) noexcept override;
  void samples_read() noexcept override;
  void feed(std::string_view text, Feed how) override;

 private:
  [[nodiscard]] static std::shared_ptr<Job::State> start(const std::shared_ptr<Worker>& worker,
                                                         JobSetup setup,
                                                         const std::shared_ptr<LongText>& driver);
  void add_fed(PiecesOfText more);
  [[nodiscard]] bool has_enough() const;
  void take_what_was_fed();
  void split_more(const Worker& worker);
  [[nodiscard]] bool is_last(size_t piece) const;
  void pump() noexcept;
  void advance(Job::State& whole);
  void advance_or_fail(Job::State& whole) noexcept;
  void deliver_what_is_done(Job::State& whole);
  void deliver_chunks(Job::State& whole, Job::State& piece);
  void begin_piece();
  void end_piece(Job::State& whole, const Result& spoken);
  void place_words(const std::vector<float>& next_samples);
  void hand_out(Job::State& whole, std::vector<float> samples, bool last);
  [[nodiscard]] bool may_feed(const Job::State& whole) const;
  void submit_pieces(const Job::State& whole);
  [[nodiscard]] std::shared_ptr<Job::State> next_job(Worker& worker, const Job::State& whole);
  void stop_pieces();
  void end_stopped(Job::State& whole);
  void succeed(Job::State& whole);

  const std::weak_ptr<Worker> worker_;
  const size_t pieces_at_a_time_;
  const runtime::Task task_;  // of every piece, but for its text
  const int32_t sample_rate_;
  const LongTextOptions options_;
  const ClientId client_;
  std::weak_ptr<Job::State> whole_;  // the job; itself holds this object

  // Of whoever feeds it.
  std::mutex feed_mutex_;
  FedText fed_;  // that the thread below has not seen yet
  bool ends_ = false;

  // One thread at a time is in here; others leave it word that there is more to do.
  std::mutex mutex_;
  bool pumping_ = false, again_ = false;

  // Of that thread.
  std::unique_ptr<WholeText> unsplit_;  // null where the text is fed
  GrowingText growing_;                 // where it is
  PiecesOfText text_;
  bool is_complete_;                              // no more pieces come
  bool joined_ = false;                           // the last one's end was handed out
  WaitingRoom::Seat seat_;                        // until all pieces are on their way
  std::deque<std::shared_ptr<Job::State>> jobs_;  // on their way, from piece `delivered_` on
  size_t delivered_ = 0;                          // pieces
  std::optional<Failure> failure_;                // that ended a piece, and so all
  bool stopped_ = false;                          // the pieces were asked to stop
  bool over_ = false;
  audio::SpeechJoiner joiner_;
  int64_t samples_ = 0;  // delivered
  // Of the piece that is being delivered: samples before it was joined.
  std::optional<int64_t> piece_samples_;
  std::vector<Word> piece_words_;  // of it, in its own seconds
  std::vector<Word> words_;        // of all pieces so far
  DeliveredWords delivered_words_;
  Result result_;
};

}  // namespace chatterbox::engine
