// Speech that is written while the rest is being made.
#pragma once

#include <chatterbox/chatterbox.hpp>

#include "cli/output.h"
#include "cli/player.h"

namespace chatterbox::cli {

// Speaks a request that has a stream into the output, unless that has no path, and to the player,
// where there is one, to the last sample; one that is long is of any length. What was spoken is in
// the file, whatever ends the rest. Throws Interrupted after an interrupt.
[[nodiscard]] Result speak_streamed(const ChatterboxEngine& engine, const Request& request,
                                    bool is_long, const AudioOutput& output, Player* player);
// A text from standard input, whose sentences are spoken as they come; it is put into `request`.
[[nodiscard]] Result speak_input(const ChatterboxEngine& engine, Request& request,
                                 const AudioOutput& output, Player* player);
[[nodiscard]] Result speak_streamed(const ChatterboxEngine& engine, const Conversion& conversion,
                                    const AudioOutput& output, Player* player);

}  // namespace chatterbox::cli
