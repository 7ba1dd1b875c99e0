// An executor without models: fake speech that depends on the request alone, and a hook through
// which a test blocks, counts or throws at every point where the engine calls the executor. Link
// fake_executor.cpp instead of the models.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "engine/executor.h"

namespace chatterbox::testing {

enum class FakePoint {
  kLoad,
  kCheck,
  kEnter,
  kEnterSpeech,
  kBegin,
  kPrefill,
  kStep,
  kCollect,
  kFlow,
  kEuler,
  kVocode,
  kMakeVoice
};

struct FakeCall {
  FakePoint point;
  const engine::Task* task;  // null where there is none
  int64_t index = 0;  // of the part of the prefill, the decode step, the Euler step, in the batch
  const EngineOptions* options = nullptr;  // where the point is kLoad
};
using FakeHook = std::function<void(const FakeCall&)>;

// The hook of all executors in this process, for as long as this object lives. May be called from
// several threads at once when there are several engines.
class ScopedFakeHook {
 public:
  explicit ScopedFakeHook(FakeHook hook);
  ~ScopedFakeHook();
  ScopedFakeHook(const ScopedFakeHook&) = delete;
  ScopedFakeHook& operator=(const ScopedFakeHook&) = delete;
};

// Breaches of the executor's contract by the engine so far: a call from the wrong thread, an
// unknown id, a sequence that was never ended or out of turn, more rows or frames than there are.
// Always 0.
[[nodiscard]] int fake_breaches();
// How many executors there are now.
[[nodiscard]] int fake_executors();

// EngineOptions::memory_limit counts KV rows here; by default there are two for each of max_batch.
inline constexpr int64_t kFakeBatchFrames = 1000;  // 2 for a token, as in S3Gen
inline constexpr int64_t kFakePieceTokens = 160;
inline constexpr int64_t kFakePrefixBytes = 11;
inline constexpr int64_t kFakeMaxTextBytes = 500;   // check() refuses more
inline constexpr int64_t kFakeSamplesPerToken = 8;  // of the fake speech
inline constexpr int64_t kFakePrefills = 2;         // parts of each prefill
inline constexpr int32_t kFakeDefaultSteps = 4;     // of default_request()
// Speech tokens with the end, where max_new_tokens does not cut them.
[[nodiscard]] int64_t fake_tokens(const std::string& text);
[[nodiscard]] int64_t fake_source_tokens(const Audio& source);  // of a conversion
[[nodiscard]] voice::Conditionals fake_conditionals(float mark);

// The model names that make_executor() knows beside "demo".
inline constexpr const char* kFakeWithoutVoice = "no-voice";
inline constexpr const char* kFakeVoice = "second";  // the one voice that it ships

}  // namespace chatterbox::testing
