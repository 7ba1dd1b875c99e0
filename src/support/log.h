// One engine's log. Never the host's default logger, never the console.
#pragma once

#include <spdlog/logger.h>

#include <chatterbox/chatterbox.hpp>
#include <memory>

namespace chatterbox {

using Log = std::shared_ptr<spdlog::logger>;

// Hands messages of `level` and above to `callback`, one at a time. An empty callback drops
// everything; an exception from the callback drops that message.
[[nodiscard]] Log make_log(LogCallback callback, LogLevel level);

}  // namespace chatterbox
