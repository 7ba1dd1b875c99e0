// A line on the terminal that says how far a request is.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <mutex>
#include <string>

namespace chatterbox::cli {

// update() comes from the engine's thread, the rest from the program's. Silent unless stderr is a
// terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  [[nodiscard]] bool enabled() const { return enabled_; }
  void update(const Progress& progress);
  void draw();
  void clear();

 private:
  const bool enabled_;
  std::mutex mutex_;
  Progress progress_;
  std::string drawn_;
};

}  // namespace chatterbox::cli
