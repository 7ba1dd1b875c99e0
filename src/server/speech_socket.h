// Speech over a WebSocket: text comes in word by word, and audio goes out, one speech after the
// other.
#pragma once

#include <functional>
#include <memory>

#include "server/context.h"

namespace chatterbox::server {

// A WebSocket that speaks.
struct SpeechSocketParts {
  Context& context;
  std::weak_ptr<Socket> socket;  // it holds the listener
  // A call with who asks filled in.
  std::function<std::shared_ptr<Call>()> new_call;
  // Does the work on a worker, and writes down how it ended; then, or if there is no worker, calls
  // `done`.
  std::function<void(const std::shared_ptr<Call>& call, std::function<void()> work,
                     std::function<void()> done)>
      start;
};

[[nodiscard]] std::shared_ptr<SocketListener> make_speech_socket(SpeechSocketParts parts);

}  // namespace chatterbox::server
