// How far each stage may be from the reference, per precision: the one table that all golden tests
// read.
#pragma once

#include <string>

namespace chatterbox::testing {

enum class Stage {
  kSpeakerEmbedding,
  kXVector,
  kPromptMel,
  kLogits,
  kMu,
  kMel,
  kF0,
  kSource,
  kWave,
};

enum class Reference { kFp32Cpu, kBf16Cpu };

struct Tolerance {
  Stage stage;
  Reference reference;
  const char* name;
  // The largest difference, absolute or relative to what `scale` says.
  double max_abs;
  enum class Scale { kAbsolute, kRange, kRelative } scale;
  double min_correlation;  // -1: not asked
};

// From the project's list of tolerances; what was measured is smaller (see the tests of each
// stage).
inline constexpr Tolerance kTolerances[] = {
    {Stage::kSpeakerEmbedding, Reference::kFp32Cpu, "speaker embedding", 1e-4,
     Tolerance::Scale::kAbsolute, -1},
    {Stage::kXVector, Reference::kFp32Cpu, "x-vector", 1e-4, Tolerance::Scale::kAbsolute, -1},
    {Stage::kPromptMel, Reference::kFp32Cpu, "prompt mel", 1e-3, Tolerance::Scale::kAbsolute, -1},
    {Stage::kLogits, Reference::kFp32Cpu, "logits", 1e-4, Tolerance::Scale::kRange, -1},
    {Stage::kMu, Reference::kFp32Cpu, "mu", 1e-3, Tolerance::Scale::kAbsolute, -1},
    {Stage::kMel, Reference::kFp32Cpu, "mel", 1e-3, Tolerance::Scale::kAbsolute, -1},
    {Stage::kF0, Reference::kFp32Cpu, "f0", 1e-3, Tolerance::Scale::kRelative, -1},
    {Stage::kSource, Reference::kFp32Cpu, "source", 1e-3, Tolerance::Scale::kAbsolute, 0.9999},
    {Stage::kWave, Reference::kFp32Cpu, "wave", 1e-3, Tolerance::Scale::kAbsolute, 0.9999},
    // Weights rounded to bfloat16, against the reference in fp32, given the same tokens. The wave
    // is not compared: a cent of pitch shifts the phase of all that follows.
    {Stage::kLogits, Reference::kBf16Cpu, "logits in bf16", 1e-2, Tolerance::Scale::kRange, 0.999},
    {Stage::kMu, Reference::kBf16Cpu, "mu in bf16", 5e-2, Tolerance::Scale::kAbsolute, 0.9999},
    {Stage::kMel, Reference::kBf16Cpu, "mel in bf16", 1e-1, Tolerance::Scale::kAbsolute, 0.9999},
};

}  // namespace chatterbox::testing
