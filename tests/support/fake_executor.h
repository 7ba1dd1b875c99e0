// A model without models: fake speech that depends on the request alone, and a hook through which a
// test blocks, counts or throws at every point where the engine calls it. Link chatterbox_fake in
// place of the models.
#pragma once

#include <functional>
#include <string>

#include "runtime/executor.h"

namespace chatterbox::testing {

enum class FakePoint {
  kLoad,
  kEncode,
  kCheck,
  kEnter,
  kEnterSpeech,
  kNow,  // the clock is read
  kBegin,
  kPrefill,  // also the parts in which a recording is read
  kStep,
  kCollect,
  kMakeVoice,
  kFlow,
  kEuler,
  kVocode,
  kOpen,
  kChunk,
  kWatermark
};

struct FakeCall {
  FakePoint point;
  const runtime::Task* task;  // null where there is none
  // Of the part of the prefill, the decode step, the Euler step, in the batch, or of the chunk's
  // first token.
  int64_t index = 0;
  const EngineOptions* options = nullptr;  // where the point is kLoad
};
using FakeHook = std::function<void(const FakeCall&)>;

// The hook of all models in this process, for as long as this object lives. May be called from
// several threads at once.
class ScopedFakeHook {
 public:
  explicit ScopedFakeHook(FakeHook hook);
  ~ScopedFakeHook();
  ScopedFakeHook(const ScopedFakeHook&) = delete;
  ScopedFakeHook& operator=(const ScopedFakeHook&) = delete;
};

// Breaches of the executors' contract by the engine so far: a call from the wrong thread, an
// unknown id, a sequence that was never ended or out of turn, more rows or frames than there are.
// Always 0.
[[nodiscard]] int fake_breaches();
// How many models there are now.
[[nodiscard]] int fake_models();

// EngineOptions::memory_limit counts KV rows here; by default there are two for each of max_batch.
inline constexpr int64_t kFakeBatchFrames = 1000;  // 2 for a token, as in S3Gen
inline constexpr int64_t kFakePieceTokens = 160;
inline constexpr int64_t kFakePrefixBytes = 11;
inline constexpr int64_t kFakeMaxTextBytes = 500;   // check() refuses more
inline constexpr int64_t kFakeSamplesPerToken = 8;  // of the fake speech
inline constexpr int64_t kFakePrefills = 2;  // parts of each prefill, and of a short recording
inline constexpr int32_t kFakeSteps = 4;     // Euler steps where a request says nothing
// What else a request takes where it says nothing and the engine was asked for Family::kTurbo:
// values that no other family has.
inline constexpr RequestDefaults kFakeTurbo{0.75F, 0.25F, 1.5F, 0.125F, 0.875F,
                                            1.75F, 77,    3,    9,      true};
// Speech tokens with the end, where max_new_tokens does not cut them.
[[nodiscard]] int64_t fake_tokens(const std::string& text);
[[nodiscard]] int64_t fake_source_tokens(const Audio& source);  // of a conversion
// Parts in which a recording is read: two, and one more for each half a minute.
[[nodiscard]] int64_t fake_reads(const Audio& source);
[[nodiscard]] voice::Conditionals fake_conditionals(float mark);

// The model names that there are beside "demo".
inline constexpr const char* kFakeWithoutVoice = "no-voice";
inline constexpr const char* kFakeVoice = "second";  // the one voice that it ships
// Devices: "cuda" speaks in batches on a thread of its own, this one in batches on the same thread,
// and all others one at a time. The last one reads texts together.
inline constexpr const char* kFakeBatching = "batching";
inline constexpr const char* kFakeReading = "reading";
inline constexpr int64_t kFakeReads = 3;

}  // namespace chatterbox::testing
