// A line on the terminal that says how far the work is.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <chrono>
#include <mutex>
#include <string>

namespace chatterbox::cli {

// One line of stderr that is drawn over and over. Silent unless stderr is a terminal.
class TerminalLine {
 public:
  TerminalLine();
  ~TerminalLine() { clear(); }
  TerminalLine(const TerminalLine&) = delete;
  TerminalLine& operator=(const TerminalLine&) = delete;

  [[nodiscard]] bool enabled() const { return enabled_; }
  void draw(const std::string& line);
  void clear();

 private:
  const bool enabled_;
  std::string drawn_;
};

// How far one request is. update() comes from the engine's thread, the rest from the program's.
class ProgressLine {
 public:
  [[nodiscard]] bool enabled() const { return line_.enabled(); }
  void update(const Progress& progress);
  void draw();

 private:
  std::mutex mutex_;
  Progress progress_;
  TerminalLine line_;
};

// How far speech is that is written while it is made: the pieces of a long text, the seconds that
// were written, and how many of them a listener has not heard who plays them as they come. update()
// as above.
class SpeechLine {
 public:
  explicit SpeechLine(bool has_listener) : has_listener_(has_listener) {}
  [[nodiscard]] bool enabled() const { return line_.enabled(); }
  void update(const Piece& piece);
  void wrote(double seconds);
  void draw();

 private:
  using Clock = std::chrono::steady_clock;

  const bool has_listener_;
  double seconds_ = 0;
  Clock::time_point heard_;  // the end of what was written, for the listener
  std::mutex mutex_;
  uint64_t done_ = 0, count_ = 0;  // of pieces; no count before the first
  TerminalLine line_;
};

}  // namespace chatterbox::cli
