// Random numbers that are a function of the seed and of their place alone, so that a chunk of an
// utterance has those that the whole utterance has there. Torch-free.
#pragma once

#include <cstdint>

namespace chatterbox::s3gen {

// Each has numbers of its own. The values are part of them.
enum class NoiseSpace : uint32_t {
  kSpeechFrames = 0,   // rows: mel channels; places: frames after the voice's
  kPromptFrames = 1,   // the same, of the voice's frames
  kFirstPhases = 2,    // rows: harmonics; place 0
  kSourceSamples = 3,  // rows: harmonics; places: samples
};

struct NoiseRow {
  uint64_t seed;
  NoiseSpace space;
  int64_t row;
};

// Standard normal, of the places [first, first + count) of a row.
void placed_normals(const NoiseRow& row, int64_t first, int64_t count, float* out);
// Uniform in [0, 1).
[[nodiscard]] float placed_uniform(const NoiseRow& row, int64_t place);

}  // namespace chatterbox::s3gen
