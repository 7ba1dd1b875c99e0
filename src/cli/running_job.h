// A job that the program waits for.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <utility>

#include "cli/progress.h"

namespace chatterbox::cli {

// Waits while drawing the progress; an interrupt cancels the job, and is thrown after its end.
[[nodiscard]] Result wait_for(const Job& job, ProgressLine& line);

// Submits a Request or a Conversion and waits for it.
template <class Asked>
[[nodiscard]] Result wait_with_progress(const ChatterboxEngine& engine, Asked asked) {
  ProgressLine line;
  if (line.enabled()) {
    asked.on_progress = [&line](const Progress& progress) { line.update(progress); };
  }
  return wait_for(engine.submit(std::move(asked)), line);
}

}  // namespace chatterbox::cli
