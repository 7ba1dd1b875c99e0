// A line on the terminal that says how far the work is.
#pragma once

#include <chatterbox/chatterbox.hpp>
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

// How far a long text is: its pieces, and the seconds of speech that were written. As above.
class PiecesLine {
 public:
  [[nodiscard]] bool enabled() const { return line_.enabled(); }
  void update(const Piece& piece);
  void draw(double seconds);

 private:
  std::mutex mutex_;
  uint64_t done_ = 0, count_ = 0;  // of pieces; no count before the first
  TerminalLine line_;
};

}  // namespace chatterbox::cli
