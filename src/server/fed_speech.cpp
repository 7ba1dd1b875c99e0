#include "server/fed_speech.h"

#include <algorithm>
#include <utility>

namespace chatterbox::server {
namespace {

constexpr size_t kMaxSteps = 4096;  // that come before the job is there

}  // namespace

void FedSpeech::apply(const Step& step) {
  if (job_) return step(*job_);
  if (steps_.size() == kMaxSteps) {
    throw ApiError(429, "too_many_messages", "too many messages before the speech has begun");
  }
  steps_.push_back(step);
}

void FedSpeech::feed(const std::string& text) {
  const std::lock_guard lock(mutex_);
  const size_t characters = characters_ + count_characters(text);
  if (characters > most_characters_) {
    throw bad_value("text", "text must have at most " + std::to_string(most_characters_) +
                                " characters in all, got " + std::to_string(characters));
  }
  apply([text](const Job& job) { job.feed(text); });
  text_ += text;
  characters_ = characters;
}

void FedSpeech::flush() {
  const std::lock_guard lock(mutex_);
  apply([](const Job& job) { job.flush(); });
}

void FedSpeech::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  apply([](const Job& job) { job.end(); });
}

void FedSpeech::cancel(std::optional<uint64_t> played) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(cancelled_, true)) return;
  ended_ = true;
  played_ = played;
  if (job_) job_->cancel();
}

bool FedSpeech::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool FedSpeech::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

size_t FedSpeech::characters() const {
  const std::lock_guard lock(mutex_);
  return characters_;
}

bool FedSpeech::blank() const {
  const std::lock_guard lock(mutex_);
  return ended_ && !cancelled_ && text_.find_first_not_of(" \t\r\n") == std::string::npos;
}

Job FedSpeech::open(const ChatterboxEngine& engine) {
  const std::lock_guard lock(mutex_);
  if (cancelled_) throw Error(Status::kCancelled, "cancelled before it began");
  job_.emplace(engine.open(asked_.request, asked_.long_text));
  for (const Step& step : steps_) step(*job_);
  steps_.clear();
  return *job_;
}

FedSpeech::HeardText FedSpeech::heard() const {
  const std::lock_guard lock(mutex_);
  HeardText heard{};
  if (!job_) return heard;
  heard.heard = job_->heard();
  if (played_ && *played_ < heard.heard.samples) heard.heard = job_->heard(*played_);
  heard.text = text_.substr(0, heard.heard.text_end);
  return heard;
}

}  // namespace chatterbox::server
