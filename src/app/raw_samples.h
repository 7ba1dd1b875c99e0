// Samples of 16 bits, little-endian, without a header ("pcm").
#pragma once

#include <chatterbox/chatterbox.hpp>

namespace chatterbox::app {

// Passes on what is left of a WAV file without its header.
[[nodiscard]] AudioWriter::Sink without_header(AudioWriter::Sink sink);

}  // namespace chatterbox::app
