#include "engine/job_state.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/job_registry.h"
#include "engine/own_thread.h"
#include "support/error.h"

namespace chatterbox {
namespace {

// The exception that is being handled, which came out of `callback`. kCancelled is how one asks to
// stop; anything else is a mistake of the callback's.
Failure callback_failure(const char* callback) noexcept {
  Failure failure = current_failure();
  if (failure.status == Status::kCancelled) return failure;
  try {
    failure.message = fmt::format("{} threw: {}", callback, failure.message);
    failure.status = Status::kInternal;
    return failure;
  } catch (...) {
    return current_failure();
  }
}

}  // namespace

Job::State::State(engine::JobSetup setup)
    : tag_(setup.options.tag),
      is_read_(setup.options.stream != StreamMode::kNone && !setup.options.on_audio),
      standing_(setup.standing),
      submitted_(setup.submitted),
      text_seconds_(setup.text_seconds),
      text_bytes_(setup.task.text.size()),
      time_limit_(setup.options.deadline),
      deadline_(time_limit_ ? engine::end_of_wait(*time_limit_, submitted_) : TimePoint::max()),
      registry_(std::move(setup.registry)),
      task_(std::move(setup.task)),
      on_progress_(std::move(setup.options.on_progress)),
      on_audio_(std::move(setup.options.on_audio)),
      on_done_(std::move(setup.options.on_done)),
      on_samples_(std::move(setup.on_samples)),
      on_end_(std::move(setup.on_end)),
      own_listener_(std::make_shared<engine::Listener>(submitted_)),
      listener_(setup.listener ? std::move(setup.listener) : own_listener_) {
  if (!setup.options.on_tensor) return;
  // What it throws is kept, not thrown: it must not end the other rows of a batch.
  task_.sink = [this, on_tensor = std::move(setup.options.on_tensor)](const TensorView& view) {
    call("on_tensor", [&] { on_tensor(view); });
  };
}

bool Job::State::done() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return done_;
}

void Job::State::refuse_own_thread() const { engine::refuse_own_thread(registry_.get()); }

bool Job::State::wait_until(TimePoint due) const {
  if (done()) return true;
  refuse_own_thread();
  std::unique_lock<std::mutex> lock(mutex_);
  return engine::wait_until(changed_, lock, due, [this] { return done_; });
}

void Job::State::wait_until_told() const {
  (void)wait_until(TimePoint::max());
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return told_; });
}

const Result& Job::State::result() const {
  (void)wait_until(TimePoint::max());
  if (failure_) failure_->raise();
  return *result_;
}

Result Job::State::take_result() {
  (void)result();
  return std::move(*result_);
}

std::shared_ptr<const voice::Conditionals> Job::State::voice() const {
  (void)wait_until(TimePoint::max());
  if (failure_) failure_->raise();
  return voice_;
}

std::optional<Failure> Job::State::failure() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return done_ ? failure_ : std::nullopt;
}

Job::Next Job::State::next(TimePoint due, Chunk& chunk) {
  if (!is_read_) {
    chatterbox::fail(Status::kInvalidArgument,
                     "only a job that was submitted with stream and without on_audio can be read");
  }
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ready = [this] { return done_ || !chunks_.empty(); };
  if (!ready()) {
    if (due > engine::Clock::now()) refuse_own_thread();
    if (!engine::wait_until(changed_, lock, due, ready)) return Next::kTimeout;
  }
  lock.unlock();
  std::optional<Chunk> taken = take_chunk();
  if (taken) {
    chunk = std::move(*taken);
    return Next::kChunk;
  }
  if (failure_) failure_->raise();
  return Next::kEnd;
}

std::optional<Chunk> Job::State::take_chunk() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (chunks_.empty()) return std::nullopt;
  std::optional<Chunk> chunk = std::move(chunks_.front());
  chunks_.pop_front();
  unread_seconds_ = chunks_.empty() ? 0 : unread_seconds_ - chunk->seconds;
  taken_ = chunk->first + static_cast<int64_t>(chunk->samples.size());
  const std::shared_ptr<engine::JobDriver> driver = driver_;
  lock.unlock();
  if (driver) driver->samples_read();
  return chunk;
}

void engine::refuse_text() {
  chatterbox::fail(Status::kInvalidArgument,
                   "only a job that was opened for text can be fed, and not after its end");
}

void Job::State::feed(std::string_view text, engine::Feed how) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (failure_) failure_->raise();
  const std::shared_ptr<engine::JobDriver> driver = driver_;
  lock.unlock();
  if (!driver) engine::refuse_text();
  driver->feed(text, how);
}

void Job::State::cancel() { interrupt({Status::kCancelled, "the request was cancelled"}); }

void Job::State::expire() {
  interrupt({Status::kDeadlineExceeded,
             fmt::format("the request was not done by its deadline of {} ms",
                         time_limit_.value_or(std::chrono::milliseconds(0)).count())});
}

void Job::State::interrupt(Failure reason) {
  if (mark_interrupted(std::move(reason))) tell_driver();
}

bool Job::State::mark_interrupted(Failure reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (done_ || reason_) return false;
  reason_.emplace(std::move(reason));
  interrupted_ = true;
  return true;
}

void Job::State::tell_driver() {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::shared_ptr<engine::JobDriver> driver = driver_;
  lock.unlock();
  if (driver) driver->interrupted(*this);
}

void Job::State::add_watcher(const std::shared_ptr<engine::Bell>& bell) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (done_) {
    bell->ring();
  } else {
    watchers_.push_back(bell);
  }
}

void Job::State::remove_watcher(const std::shared_ptr<engine::Bell>& bell) {
  const std::lock_guard<std::mutex> lock(mutex_);
  watchers_.erase(std::remove(watchers_.begin(), watchers_.end(), bell), watchers_.end());
}

void Job::State::set_driver(std::shared_ptr<engine::JobDriver> driver) {
  const std::lock_guard<std::mutex> lock(mutex_);
  driver_ = std::move(driver);
}

void Job::State::call(const char* name, const std::function<void()>& callback) noexcept {
  if (over_ || callback_failure_) return;
  try {
    const engine::OwnThread mark(registry_.get());
    callback();
  } catch (...) {
    callback_failure_ = callback_failure(name);
  }
}

void Job::State::report(const Progress& progress) noexcept {
  if (on_progress_) call("on_progress", [&] { on_progress_(progress); });
}

Heard Job::State::heard(std::optional<int64_t> samples) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (samples && (*samples < 0 || *samples > taken_)) {
    chatterbox::fail(Status::kInvalidArgument,
                     "samples must be in [0, {}], as many as were handed out, got {}", taken_,
                     *samples);
  }
  Heard heard = marks_.heard(samples.value_or(taken_));
  const bool one_text = result_ && result_->pieces.empty();
  if (one_text && taken_ > 0 && heard.samples == result_->samples) {
    heard.pieces = 1;
    heard.text_end = text_bytes_;
  }
  return heard;
}

Word Job::State::word(size_t index) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::vector<Word>& words = result_ ? result_->words : words_;
  if (words.empty()) {
    chatterbox::fail(Status::kInvalidArgument, "no words were handed out, so there is no index {}",
                     index);
  }
  if (index >= words.size()) {
    chatterbox::fail(Status::kInvalidArgument,
                     "index must be below {}, as many words as were handed out, got {}",
                     words.size(), index);
  }
  return words[index];
}

void Job::State::end_piece(int64_t sample, size_t text_end) {
  const std::lock_guard<std::mutex> lock(mutex_);
  marks_.end_piece(sample, text_end);
}

void Job::State::deliver(std::vector<float> samples, int32_t sample_rate, TimePoint now,
                         std::vector<Word> words) {
  const int64_t first = delivered_;
  const auto count = static_cast<int64_t>(samples.size());
  delivered_ += count;
  std::unique_lock<std::mutex> lock(mutex_);
  const size_t first_word = words_.size();
  for (const Word& word : words) {
    words_.push_back(word);
    marks_.end_word(std::llround(word.end * sample_rate), word.text_end);
  }
  if (on_audio_) taken_ = delivered_;
  lock.unlock();
  if (samples.empty()) return;
  if (on_audio_) {
    bool go_on = true;
    call("on_audio", [&] { go_on = on_audio_(samples.data(), samples.size()); });
    if (!go_on) interrupt({Status::kCancelled, "on_audio asked to stop"});
  } else if (is_read_) {
    lock.lock();
    chunks_.push_back({std::move(samples), first, static_cast<double>(count) / sample_rate,
                       std::move(words), first_word});
    unread_seconds_ += chunks_.back().seconds;
    changed_.notify_all();
    lock.unlock();
  } else if (kept_.empty()) {
    kept_ = std::move(samples);
  } else {
    kept_.insert(kept_.end(), samples.begin(), samples.end());
  }
  own_listener_->gets(count, sample_rate, now);
  if (on_samples_) on_samples_();
}

size_t Job::State::unread_chunks() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return chunks_.size();
}

bool Job::State::is_behind() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return unread_seconds_ >= engine::kMaxUnreadSeconds;
}

void Job::State::succeed(Result result) noexcept {
  result.samples = delivered_;
  result.audio.samples = std::move(kept_);
  try {
    result.stream = own_listener_->stats();
  } catch (...) {
    return fail(current_failure());
  }
  finish(std::move(result), std::nullopt);
}

void Job::State::succeed(voice::Conditionals voice) noexcept {
  try {
    voice_ = std::make_shared<const voice::Conditionals>(std::move(voice));
    finish(Result(), std::nullopt);
  } catch (...) {
    fail(current_failure());
  }
}

void Job::State::fail(Failure failure) noexcept {
  finish(std::nullopt, tagged(std::move(failure)));
}

void Job::State::end_unwanted() noexcept {
  std::optional<Failure> reason = std::move(callback_failure_);
  if (!reason) {
    const std::lock_guard<std::mutex> lock(mutex_);
    reason = reason_ ? std::move(reason_) : Failure{Status::kCancelled, {}};
    reason_.emplace();  // still interrupted
  }
  fail(std::move(*reason));
}

// A piece's failure becomes that of the job which it is a piece of.
Failure Job::State::tagged(Failure failure) const noexcept {
  try {
    if (registry_ && tag_ != 0) failure.message += fmt::format(" (tag {})", tag_);
  } catch (...) {
    return failure;
  }
  return failure;
}

void Job::State::release() noexcept {
  over_ = true;
  const auto on_progress = std::move(on_progress_);
  const auto on_audio = std::move(on_audio_);
  const runtime::Task task = std::move(task_);
  on_progress_ = nullptr;
  on_audio_ = nullptr;
  task_ = {};
  kept_ = {};
}

void Job::State::finish(std::optional<Result> result, std::optional<Failure> failure) noexcept {
  if (ended_.exchange(true)) return;
  const std::shared_ptr<State> self = weak_from_this().lock();  // those who end it may let go of it
  release();
  const Status status = failure ? failure->status : Status::kOk;
  if (registry_) registry_->count_end(status);
  std::vector<std::shared_ptr<engine::Bell>> watchers;
  std::shared_ptr<engine::JobDriver> driver;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    result_ = std::move(result);
    if (result_) result_->words = std::move(words_);
    failure_ = std::move(failure);
    done_ = true;
    watchers.swap(watchers_);
    driver.swap(driver_);
    changed_.notify_all();
  }
  for (const auto& watcher : watchers) watcher->ring();
  if (const auto on_end = std::exchange(on_end_, nullptr)) on_end();
  const auto on_done = std::exchange(on_done_, nullptr);
  if (registry_) {
    registry_->tell_end(tag_, on_done, status);
    registry_->remove(*this);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  told_ = true;
  changed_.notify_all();
}

}  // namespace chatterbox
