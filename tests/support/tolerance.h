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

// What a stage may differ by is this many times what was measured.
inline constexpr double kMargin = 4;

struct Tolerance {
  Stage stage;
  Reference reference;
  const char* name;
  // The largest difference, absolute or relative to what `scale` says.
  double difference;
  enum class Scale { kAbsolute, kRange, kRelative } scale;
  double decorrelation;  // 1 - correlation; -1: not asked
};

// The largest difference that was measured, over all goldens and all kinds of x86 CPU that
// libtorch, MKL, oneDNN and this library's kernels tell apart: AVX-512 and AVX2 of AMD and of
// Intel, and a CPU without either. In float32 their sums are in another order, and their logarithms
// and exponentials have other last bits.
inline constexpr Tolerance kTolerances[] = {
    {Stage::kSpeakerEmbedding, Reference::kFp32Cpu, "speaker embedding", 6.0e-8,
     Tolerance::Scale::kAbsolute, -1},
    {Stage::kXVector, Reference::kFp32Cpu, "x-vector", 1.2e-6, Tolerance::Scale::kAbsolute, -1},
    // On CPUs of Intel, in the quietest bands; 1e-6 on those of AMD.
    {Stage::kPromptMel, Reference::kFp32Cpu, "prompt mel", 1.8e-4, Tolerance::Scale::kAbsolute, -1},
    {Stage::kLogits, Reference::kFp32Cpu, "logits", 9.4e-7, Tolerance::Scale::kRange, -1},
    {Stage::kMu, Reference::kFp32Cpu, "mu", 5.6e-6, Tolerance::Scale::kAbsolute, -1},
    {Stage::kMel, Reference::kFp32Cpu, "mel", 4.5e-6, Tolerance::Scale::kAbsolute, -1},
    {Stage::kF0, Reference::kFp32Cpu, "f0", 7.4e-7, Tolerance::Scale::kRelative, -1},
    // Its phase adds up the rounding of f0.
    {Stage::kSource, Reference::kFp32Cpu, "source", 3.7e-4, Tolerance::Scale::kAbsolute, 5.2e-8},
    {Stage::kWave, Reference::kFp32Cpu, "wave", 4.0e-5, Tolerance::Scale::kAbsolute, 6.1e-8},
    // Weights rounded to bfloat16, against the reference in fp32, given the same tokens. The wave
    // is not compared: a cent of pitch shifts the phase of all that follows.
    {Stage::kLogits, Reference::kBf16Cpu, "logits in bf16", 2.4e-3, Tolerance::Scale::kRange,
     1.1e-5},
    {Stage::kMu, Reference::kBf16Cpu, "mu in bf16", 2.2e-2, Tolerance::Scale::kAbsolute, 1.3e-5},
    {Stage::kMel, Reference::kBf16Cpu, "mel in bf16", 2.2e-2, Tolerance::Scale::kAbsolute, 8.9e-6},
};

}  // namespace chatterbox::testing
