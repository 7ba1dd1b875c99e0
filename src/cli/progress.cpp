#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace chatterbox::cli {
namespace {

std::string describe(const Progress& progress) {
  const std::string done = std::to_string(progress.done);
  switch (progress.stage) {
    case Stage::kQueued:
      return "waiting";
    case Stage::kPrefill:
      return "reading the text";
    case Stage::kDecode:  // the end of speech usually comes long before the limit
      return "speech tokens: " + done + " (at most " + std::to_string(progress.total) + ")";
    case Stage::kFlow:
      return "flow: step " + done + " of " + std::to_string(progress.total);
    case Stage::kVocoder:
      return "vocoder";
    case Stage::kDone:
      return "done";
  }
  return {};
}

}  // namespace

TerminalLine::TerminalLine() : enabled_(isatty(STDERR_FILENO) == 1) {}

void TerminalLine::draw(const std::string& line) {
  if (!enabled_ || line == drawn_) return;
  std::cerr << "\r\033[K" << line << std::flush;  // return, and clear to the end of the line
  drawn_ = line;
}

void TerminalLine::clear() {
  if (!enabled_ || drawn_.empty()) return;
  std::cerr << "\r\033[K" << std::flush;
  drawn_.clear();
}

void ProgressLine::update(const Progress& progress) {
  const std::lock_guard<std::mutex> lock(mutex_);
  progress_ = progress;
}

void ProgressLine::draw() {
  const std::lock_guard<std::mutex> lock(mutex_);
  line_.draw(describe(progress_));
}

void SpeechLine::update(const Piece& piece) {
  const std::lock_guard<std::mutex> lock(mutex_);
  done_ = piece.index + 1;
  count_ = piece.count;
}

// A player that has nothing to play waits, and goes on from there.
void SpeechLine::wrote(double seconds) {
  const std::chrono::duration<double> duration(seconds);
  heard_ = std::max(heard_, Clock::now()) + std::chrono::duration_cast<Clock::duration>(duration);
  seconds_ += seconds;
}

void SpeechLine::draw() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (seconds_ == 0) return line_.draw("speaking");
  std::string text;
  if (count_ > 0) text = std::to_string(done_) + " of " + std::to_string(count_) + " pieces, ";
  text += std::to_string(static_cast<int64_t>(seconds_)) + " s";
  if (has_listener_) {
    const std::chrono::duration<double> ahead = heard_ - Clock::now();
    char tenths[64];
    std::snprintf(tenths, sizeof tenths, ", %.1f s ahead of the listener",
                  std::max(0.0, ahead.count()));
    text += tenths;
  }
  line_.draw(text);
}

}  // namespace chatterbox::cli
