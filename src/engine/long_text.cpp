#include "engine/long_text.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "engine/join_results.h"
#include "engine/make_task.h"
#include "engine/validate.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

// In chunks: the one that is spoken, and the next, whose tokens are drawn meanwhile. More of them
// would only slow down the first.
constexpr size_t kStreamedPieces = 2;

}  // namespace

std::shared_ptr<Job::State> LongText::submit(const std::shared_ptr<Worker>& worker,
                                             const Request& request,
                                             const LongTextOptions& options) {
  const Submission submission(*worker);
  validate_long_text(request, options);
  worker->room().check_open();  // before the work of splitting
  runtime::Task task = make_task_without_text(request, worker->catalog());
  auto whole_text = std::make_unique<WholeText>(request.text, task, worker->catalog());
  PiecesOfText text = whole_text->next(worker->catalog());

  JobSetup setup = job_setup(*worker, request, task, submission);
  WaitingRoom::Seat seat = take_seat(*worker, request, whole_text->bytes() + text.bytes);
  return start(worker, std::move(setup),
               std::make_shared<LongText>(worker, std::move(task), std::move(whole_text),
                                          std::move(text), options, std::move(seat)));
}

std::shared_ptr<Job::State> LongText::open(const std::shared_ptr<Worker>& worker,
                                           const Request& request, const LongTextOptions& options) {
  const Submission submission(*worker);
  validate_text_to_come(request, options);
  // It takes no seat: without this, drain() could miss it between the two.
  const JobRegistry::Call call(*worker->registry());
  worker->room().check_open();
  runtime::Task task = make_task_without_text(request, worker->catalog());
  JobSetup setup = job_setup(*worker, request, task, submission);
  const auto driver = std::make_shared<LongText>(worker, std::move(task), nullptr, PiecesOfText(),
                                                 options, WaitingRoom::Seat());
  if (!request.text.empty()) driver->feed(request.text, Feed::kMore);  // which it may refuse
  return start(worker, std::move(setup), driver);
}

std::shared_ptr<Job::State> LongText::start(const std::shared_ptr<Worker>& worker, JobSetup setup,
                                            const std::shared_ptr<LongText>& driver) {
  setup.options.on_tensor = nullptr;
  auto whole = std::make_shared<Job::State>(std::move(setup));
  driver->whole_ = whole;
  whole->set_driver(driver);
  whole->set_waits_for_text(!driver->ends_);
  register_and(*worker, whole, [] {});
  worker->queue()->wake_worker();  // as long as there is no text, nothing else does
  driver->pump();
  return whole;
}

LongText::LongText(const std::shared_ptr<Worker>& worker, runtime::Task task,
                   std::unique_ptr<WholeText> whole_text, PiecesOfText text,
                   const LongTextOptions& options, WaitingRoom::Seat seat)
    : worker_(worker),
      pieces_at_a_time_(task.stream ? kStreamedPieces
                                    : 2 * static_cast<size_t>(worker->catalog().limits().requests)),
      task_(std::move(task)),
      sample_rate_(worker->catalog().info().sample_rate),
      options_(options),
      client_(worker->new_bulk_client()),
      ends_(whole_text != nullptr),
      unsplit_(std::move(whole_text)),
      text_(std::move(text)),
      is_complete_(unsplit_ && unsplit_->done()),
      seat_(std::move(seat)),
      joiner_({sample_rate_, options.pause}) {}

void LongText::feed(std::string_view text, Feed how) {
  const std::shared_ptr<Worker> worker = worker_.lock();
  if (!worker) fail(Status::kCancelled, "the engine was destroyed");
  {
    const std::lock_guard<std::mutex> lock(feed_mutex_);
    if (ends_) refuse_text();
    validate_fed_text(text, fed_.bytes());
    fed_.add(text, how != Feed::kMore);
    ends_ = how == Feed::kEnd;
  }
  if (how == Feed::kEnd) {
    if (const auto whole = whole_.lock()) whole->set_waits_for_text(false);
  }
  pump();
}

// Pauses with nothing between them add up, also where a flush parts them.
void LongText::add_fed(PiecesOfText more) {
  const auto after_fed = [this](double pause) {
    return std::min(kMaxPause, text_.pause_after + pause);
  };
  if (more.pieces.empty()) {
    text_.pause_after = after_fed(more.pause_after);
    return;
  }
  std::optional<double>& pause = more.pieces.front().pause_before;
  if (text_.pause_after > 0) pause = after_fed(pause.value_or(0));
  text_.pause_after = more.pause_after;
  std::move(more.pieces.begin(), more.pieces.end(), std::back_inserter(text_.pieces));
}

// So many pieces ahead of those that are on their way that the last one is known to be the last.
bool LongText::has_enough() const {
  return is_complete_ || text_.pieces.size() > delivered_ + jobs_.size() + pieces_at_a_time_;
}

void LongText::split_more(const Worker& worker) {
  while (!has_enough()) {
    PiecesOfText more = unsplit_->next(worker.catalog());
    std::move(more.pieces.begin(), more.pieces.end(), std::back_inserter(text_.pieces));
    is_complete_ = unsplit_->done();
    if (is_complete_) text_.pause_after = more.pause_after;
  }
}

void LongText::take_what_was_fed() {
  while (!has_enough()) {
    const std::shared_ptr<Worker> worker = worker_.lock();
    if (!worker) fail(Status::kCancelled, "the engine was destroyed");
    std::unique_lock<std::mutex> lock(feed_mutex_);
    const std::optional<FedText::Part> part = fed_.next();
    const bool is_last = ends_ && fed_.empty();
    lock.unlock();
    if (part) add_fed(growing_.take(*part, task_, worker->catalog()));
    is_complete_ = is_last;
    if (!part) break;
  }
  if (is_complete_ && text_.pieces.empty()) {
    fail(Status::kInvalidArgument, "the text that was fed has nothing to speak");
  }
}

bool LongText::is_last(size_t piece) const {
  return is_complete_ && piece + 1 == text_.pieces.size();
}

void LongText::interrupted(Job::State& /*job*/) noexcept { pump(); }

void LongText::samples_read() noexcept { pump(); }

void LongText::pump() noexcept {
  const std::shared_ptr<LongText> self = weak_from_this().lock();  // its job may let go of it
  const std::shared_ptr<Job::State> whole = whole_.lock();
  if (!whole) return;
  std::unique_lock<std::mutex> lock(mutex_);
  again_ = true;
  if (pumping_) return;
  pumping_ = true;
  while (std::exchange(again_, false)) {
    lock.unlock();
    advance_or_fail(*whole);
    lock.lock();
  }
  pumping_ = false;
}

void LongText::advance_or_fail(Job::State& whole) noexcept {
  try {
    return advance(whole);
  } catch (...) {
    failure_ = current_failure();
  }
  stop_pieces();
  end_stopped(whole);
}

void LongText::advance(Job::State& whole) {
  if (over_) return;
  if (!stopped_) {
    if (!unsplit_) take_what_was_fed();
    deliver_what_is_done(whole);
  }
  if (!failure_ && whole.wanted()) {
    if (is_complete_ && delivered_ == text_.pieces.size()) return succeed(whole);
    return submit_pieces(whole);
  }
  stop_pieces();
  end_stopped(whole);
}

void LongText::deliver_what_is_done(Job::State& whole) {
  while (!jobs_.empty() && whole.wanted()) {
    Job::State& piece = *jobs_.front();
    const bool done = piece.done();  // before its last chunk is looked for
    if (task_.stream) deliver_chunks(whole, piece);
    if (!done || piece.unread_chunks() > 0) return;
    failure_ = piece.failure();
    if (failure_) return;
    end_piece(whole, piece.result());
    jobs_.pop_front();
    ++delivered_;
  }
}

// Whoever does not read the whole does not have its pieces read either, and they stop.
void LongText::deliver_chunks(Job::State& whole, Job::State& piece) {
  while (whole.wanted() && !whole.is_behind()) {
    const std::optional<Chunk> chunk = piece.take_chunk();
    if (!chunk) return;
    begin_piece();
    *piece_samples_ += static_cast<int64_t>(chunk->samples.size());
    std::vector<float> samples = joiner_.add(chunk->samples);
    piece_words_.insert(piece_words_.end(), chunk->words.begin(), chunk->words.end());
    if (joiner_.is_placed()) place_words(samples);
    hand_out(whole, std::move(samples), false);
  }
}

void LongText::begin_piece() {
  if (piece_samples_) return;
  joiner_.begin(text_.pieces[delivered_].pause_before);
  piece_samples_ = 0;
}

// Those of the piece that is being delivered, to where it lies: its samples end with those that are
// about to be handed out and those that the joiner holds.
void LongText::place_words(const std::vector<float>& next_samples) {
  const int64_t end = samples_ + static_cast<int64_t>(next_samples.size() + joiner_.held());
  const double begin = static_cast<double>(end - *piece_samples_) / sample_rate_;
  for (Word word : std::exchange(piece_words_, {})) {
    // Without a pause, a piece begins in the end of the one before: words do not.
    word.begin = std::max(begin + word.begin, words_.empty() ? 0 : words_.back().end);
    word.end = std::max(begin + word.end, word.begin);
    words_.push_back(word);
  }
}

// With the words that end with the samples, or with all that are left.
void LongText::hand_out(Job::State& whole, std::vector<float> samples, bool last) {
  const std::shared_ptr<Worker> worker = worker_.lock();
  if (!worker) fail(Status::kCancelled, "the engine was destroyed");
  const auto count = static_cast<int64_t>(samples.size());
  samples_ += count;
  std::vector<Word> words = delivered_words_.next(words_, count, sample_rate_, last);
  whole.deliver(std::move(samples), sample_rate_, worker->now(), std::move(words));
}

void LongText::end_piece(Job::State& whole, const Result& spoken) {
  const PieceOfText& text = text_.pieces[delivered_];
  begin_piece();
  *piece_samples_ += static_cast<int64_t>(spoken.audio.samples.size());
  std::vector<float> samples = joiner_.add(spoken.audio.samples);
  const auto append = [&samples](const std::vector<float>& more) {
    samples.insert(samples.end(), more.begin(), more.end());
  };
  append(joiner_.end());
  if (!task_.stream) piece_words_ = spoken.words;
  place_words(samples);
  const int64_t end = samples_ + static_cast<int64_t>(samples.size() + joiner_.held());
  const int64_t begin = end - *std::exchange(piece_samples_, std::nullopt);
  joined_ = is_last(delivered_);
  if (joined_) append(joiner_.finish(text_.pause_after));
  add_piece(spoken, result_);
  const double rate = sample_rate_;
  const Piece piece{delivered_,
                    text_.pieces.size(),
                    text.begin,
                    text.end,
                    static_cast<double>(begin) / rate,
                    static_cast<double>(end) / rate};
  result_.pieces.push_back(piece);
  whole.end_piece(end, text.end);
  hand_out(whole, std::move(samples), joined_);
  if (options_.on_piece && whole.wanted()) {
    whole.call("on_piece", [&] { options_.on_piece(piece); });
  }
  if (whole.wanted()) whole.report({Stage::kDecode, result_.speech_tokens, 0});
}

// Samples that nobody has read yet hold up the rest: a reader that does not read stops its own job,
// and no other.
bool LongText::may_feed(const Job::State& whole) const {
  if (delivered_ + jobs_.size() == text_.pieces.size()) return false;
  // An unread chunk is a piece, unless each piece has many.
  const size_t unread = task_.stream ? 0 : whole.unread_chunks();
  return jobs_.size() + unread < pieces_at_a_time_;
}

void LongText::submit_pieces(const Job::State& whole) {
  const std::shared_ptr<Worker> worker = worker_.lock();
  if (!worker) fail(Status::kCancelled, "the engine was destroyed");
  if (unsplit_) split_more(*worker);
  while (may_feed(whole)) {
    jobs_.push_back(next_job(*worker, whole));
    try {
      worker->queue()->push(jobs_.back());
    } catch (...) {
      jobs_.pop_back();  // it was never on its way
      throw;
    }
  }
  if (is_complete_ && delivered_ + jobs_.size() == text_.pieces.size()) seat_.leave();
}

std::shared_ptr<Job::State> LongText::next_job(Worker& worker, const Job::State& whole) {
  PieceOfText& piece = text_.pieces[delivered_ + jobs_.size()];
  JobSetup setup;
  setup.options.tag = whole.tag();
  setup.task = task_;
  setup.task.text = std::move(piece.text);
  setup.task.text_ids = std::move(piece.ids);
  setup.task.words = std::move(piece.words);
  setup.standing = whole.standing();
  setup.standing.client = client_;
  setup.standing.series = client_.id;
  setup.submitted = worker.now();
  setup.on_end = [self = weak_from_this()] {
    if (const auto text = self.lock()) text->pump();
  };
  if (task_.stream) {
    setup.options.stream = StreamMode::kChunks;
    setup.on_samples = setup.on_end;
    setup.listener = whole.listener();
  }
  auto job = std::make_shared<Job::State>(std::move(setup));
  job->set_driver(worker.queue());
  return job;
}

void LongText::stop_pieces() {
  if (std::exchange(stopped_, true)) return;
  for (const auto& job : jobs_) {
    try {
      job->interrupt({Status::kCancelled, "the long text was ended"});
    } catch (const std::bad_alloc&) {
      continue;  // it runs to its end
    }
  }
}

// Once the last piece has stopped.
void LongText::end_stopped(Job::State& whole) {
  const auto done = [](const std::shared_ptr<Job::State>& job) { return job->done(); };
  if (over_ || !std::all_of(jobs_.begin(), jobs_.end(), done)) return;
  over_ = true;
  seat_.leave();
  jobs_.clear();
  if (whole.wanted() && failure_) return whole.fail(std::move(*failure_));
  whole.end_unwanted();
}

void LongText::succeed(Job::State& whole) {
  over_ = true;
  for (Piece& piece : result_.pieces) piece.count = text_.pieces.size();
  // Where the end was not known yet when the last piece was there.
  if (!joined_) hand_out(whole, joiner_.finish(text_.pause_after), true);
  if (!whole.wanted()) return whole.end_unwanted();
  whole.report({Stage::kDone, 0, 0});
  if (whole.callback_failed()) return whole.end_unwanted();
  if (const auto worker = worker_.lock()) {
    result_.timings.total = seconds(worker->now() - whole.submitted());
  }
  result_.timings.text += whole.text_seconds();
  whole.succeed(std::move(result_));
}

}  // namespace chatterbox::engine
