// A job between its submission and its end: what its callers wait for, and what those who work on
// it know of it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/bell.h"
#include "engine/job.h"
#include "engine/listener.h"
#include "engine/standing.h"
#include "engine/text_marks.h"
#include "runtime/task.h"

namespace chatterbox {
namespace engine {

class JobRegistry;

// Seconds of unread samples of a job at which no more of them are made until somebody reads: enough
// for any player, and at most a megabyte and the chunk that exceeds it.
inline constexpr double kMaxUnreadSeconds = 10;

// Whether more text is to come: kFlush: what is there is to be spoken now; kEnd: no more comes.
enum class Feed { kMore, kFlush, kEnd };

[[noreturn]] void refuse_text();

// Whoever has a job on its way. All are called from any thread, with no lock held.
class JobDriver {
 public:
  virtual ~JobDriver() = default;
  // The job is not wanted any more; its end is the driver's business.
  virtual void interrupted(Job::State& job) noexcept = 0;
  // A reader took samples of it.
  virtual void samples_read() noexcept {}
  // Text for it; throws where it takes none, or not this.
  virtual void feed(std::string_view /*text*/, Feed /*how*/) { refuse_text(); }
};

// What a job is made of.
struct JobSetup {
  JobOptions options = {};
  runtime::Task task = {};  // without its sink, which is made of options.on_tensor
  Standing standing = {};
  TimePoint submitted = {};
  double text_seconds = 0;  // that making the task took
  // Null: a piece of another job, which nobody but the engine waits for.
  std::shared_ptr<JobRegistry> registry = nullptr;
  // The engine's own: after samples were handed out to be read, and after the job's end, before
  // on_done. Must not throw.
  std::function<void()> on_samples = nullptr;
  std::function<void()> on_end = nullptr;
  // Of the job that it is a piece of; null: its own.
  std::shared_ptr<const Listener> listener = nullptr;
};

}  // namespace engine

class Job::State : public std::enable_shared_from_this<Job::State> {
 public:
  using TimePoint = engine::TimePoint;

  explicit State(engine::JobSetup setup);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // ---- For callers, from any thread. Those that wait throw on the engine's own threads.
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool wait_until(TimePoint due) const;
  void wait_until_told() const;  // until on_done has returned as well
  [[nodiscard]] const Result& result() const;
  [[nodiscard]] Result take_result();  // for the only one who waits
  [[nodiscard]] std::shared_ptr<const voice::Conditionals> voice() const;  // that was made
  [[nodiscard]] std::optional<Failure> failure() const;
  [[nodiscard]] Next next(TimePoint due, Chunk& chunk);
  // What can be read now.
  [[nodiscard]] std::optional<Chunk> take_chunk();
  void cancel();
  [[nodiscard]] Heard heard(std::optional<int64_t> samples) const;
  [[nodiscard]] Word word(size_t index) const;
  // Throws what ended the job, or kInvalidArgument where it takes no text.
  void feed(std::string_view text, engine::Feed how);
  // Rung when the job is done, or at once where it is.
  void add_watcher(const std::shared_ptr<engine::Bell>& bell);
  void remove_watcher(const std::shared_ptr<engine::Bell>& bell);
  // Throws on the threads where waiting for this job would never end.
  void refuse_own_thread() const;

  // ---- From any thread: asks it to stop. The first reason stays.
  void interrupt(Failure reason);
  // The same in two steps, for many jobs: all are marked before the end of one has any effect.
  // False: there was a reason already, or the job is done.
  [[nodiscard]] bool mark_interrupted(Failure reason);
  void tell_driver();
  void expire();  // its deadline has come
  [[nodiscard]] bool is_interrupted() const noexcept { return interrupted_; }

  // ---- What does not change.
  [[nodiscard]] uint64_t tag() const { return tag_; }
  [[nodiscard]] bool is_read() const { return is_read_; }  // through next()
  [[nodiscard]] bool waits_for_text() const noexcept { return waits_for_text_; }
  void set_waits_for_text(bool waits) noexcept { waits_for_text_ = waits; }
  [[nodiscard]] const engine::Standing& standing() const { return standing_; }
  [[nodiscard]] TimePoint submitted() const { return submitted_; }
  [[nodiscard]] double text_seconds() const { return text_seconds_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }  // max(): none

  // ---- For the one that has the job: the queue, then a thread of the engine, then another.
  void set_driver(std::shared_ptr<engine::JobDriver> driver);  // before anybody else knows the job
  [[nodiscard]] const runtime::Task& task() const { return task_; }
  [[nodiscard]] bool wants_progress() const { return static_cast<bool>(on_progress_); }
  void report(const Progress& progress) noexcept;
  // Final samples, to where they are to go, with the words that end with them.
  void deliver(std::vector<float> samples, int32_t sample_rate, TimePoint now,
               std::vector<Word> words = {});
  // A piece of a long text ends before this sample, and this byte of the text.
  void end_piece(int64_t sample, size_t text_end);
  // Calls `callback` as those of the request are: what it throws ends the job, and after that
  // nothing is called any more.
  void call(const char* name, const std::function<void()>& callback) noexcept;
  [[nodiscard]] size_t unread_chunks() const;
  // Whether so much is unread that no more is to be made.
  [[nodiscard]] bool is_behind() const;
  // Of all that it is a piece of; may be asked from any thread.
  [[nodiscard]] const std::shared_ptr<const engine::Listener>& listener() const {
    return listener_;
  }
  // False: it was interrupted, or one of its callbacks failed.
  [[nodiscard]] bool wanted() const noexcept { return !interrupted_ && !callback_failure_; }
  [[nodiscard]] bool callback_failed() const noexcept { return callback_failure_.has_value(); }
  // The end, which happens once: later ones are dropped. The job lets go of its task and its
  // callbacks first; on_done is called last.
  void succeed(Result result) noexcept;
  void succeed(voice::Conditionals voice) noexcept;
  void fail(Failure failure) noexcept;
  void end_unwanted() noexcept;  // with the reason why it is not wanted

 private:
  void release() noexcept;
  void finish(std::optional<Result> result, std::optional<Failure> failure) noexcept;
  [[nodiscard]] Failure tagged(Failure failure) const noexcept;

  const uint64_t tag_;
  const bool is_read_;
  const engine::Standing standing_;
  const TimePoint submitted_;
  const double text_seconds_;
  const size_t text_bytes_;
  const std::optional<std::chrono::milliseconds> time_limit_;
  const TimePoint deadline_;
  const std::shared_ptr<engine::JobRegistry> registry_;

  // Of the one that has the job.
  runtime::Task task_;
  std::function<void(const Progress&)> on_progress_;
  std::function<bool(const float*, size_t)> on_audio_;
  std::function<void(Status)> on_done_;
  std::function<void()> on_samples_, on_end_;
  std::optional<Failure> callback_failure_;
  bool over_ = false;  // callbacks are not called any more
  std::vector<float> kept_;
  int64_t delivered_ = 0;
  const std::shared_ptr<engine::Listener> own_listener_;
  const std::shared_ptr<const engine::Listener> listener_;

  std::atomic<bool> interrupted_{false};
  std::atomic<bool> ended_{false};
  std::atomic<bool> waits_for_text_{false};

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<Failure> reason_;  // of the interruption
  std::shared_ptr<engine::JobDriver> driver_;
  std::deque<Chunk> chunks_;
  double unread_seconds_ = 0;  // of them
  int64_t taken_ = 0;          // samples that the reader or on_audio has got
  std::vector<Word> words_;    // of all that was delivered; at the end the result's
  engine::TextMarks marks_;
  std::vector<std::shared_ptr<engine::Bell>> watchers_;
  bool done_ = false;
  bool told_ = false;  // on_done has returned, or there is none
  // Once done, one of the three is there and never changes again.
  std::optional<Result> result_;
  std::shared_ptr<const voice::Conditionals> voice_;
  std::optional<Failure> failure_;
};

}  // namespace chatterbox
