// What callers may pass, as the library's own code takes it.
#pragma once

#include <chatterbox/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "audio/audio.h"
#include "support/error.h"

namespace chatterbox::capi {

template <class Pointer>
void require(const char* name, const Pointer* pointer) {
  if (pointer == nullptr) fail(Status::kInvalidArgument, "{} must not be NULL", name);
}

// A flag: 0 or 1.
[[nodiscard]] inline bool flag(const char* name, int32_t value) {
  if (value != 0 && value != 1) {
    fail(Status::kInvalidArgument, "{} must be 0 or 1, got {}", name, value);
  }
  return value == 1;
}

inline void require_zero(const char* name, int32_t value) {
  if (value != 0) fail(Status::kInvalidArgument, "{} must be 0, got {}", name, value);
}

// An option that may be unset. Other values that are out of range are the engine's business.
template <class Value>
[[nodiscard]] std::optional<Value> option(Value value) {
  if (value == static_cast<Value>(CHATTERBOX_UNSET)) return std::nullopt;
  return value;
}

// An enum that may be unset.
template <class Enum>
[[nodiscard]] std::optional<Enum> optional_enum(int32_t value) {
  if (const auto number = option(value)) return static_cast<Enum>(*number);
  return std::nullopt;
}

// A flag that may be unset.
[[nodiscard]] inline std::optional<bool> optional_flag(const char* name, int32_t value) {
  if (value == CHATTERBOX_UNSET) return std::nullopt;
  if (value != 0 && value != 1) {
    fail(Status::kInvalidArgument, "{} must be 0, 1 or {} (unset), got {}", name, CHATTERBOX_UNSET,
         value);
  }
  return value == 1;
}

// Of a `whole`, a result or a batch, that has such items.
template <class Item>
[[nodiscard]] const Item& item_at(const std::vector<Item>& items, uint64_t index, const char* whole,
                                  const char* kind) {
  if (items.empty()) {
    fail(Status::kInvalidArgument, "the {} has no {}, so there is no index {}", whole, kind, index);
  }
  if (index >= items.size()) {
    fail(Status::kInvalidArgument, "index must be below {}, got {}", items.size(), index);
  }
  return items[index];
}

// Milliseconds to wait: CHATTERBOX_FOREVER is kForever.
[[nodiscard]] inline std::chrono::milliseconds waiting_time(const char* name, int64_t ms) {
  if (ms < CHATTERBOX_FOREVER) {
    fail(Status::kInvalidArgument, "{} must be at least 0 ms, or {} (without limit), got {}", name,
         CHATTERBOX_FOREVER, ms);
  }
  return std::chrono::milliseconds(ms);
}

// The caller's samples. The counts were checked before: a wrong one makes us read beyond them.
[[nodiscard]] inline Audio copy_audio(const float* samples, uint64_t frames, int32_t channels,
                                      int32_t sample_rate) {
  Audio audio;
  audio.channels = channels;
  audio.sample_rate = sample_rate;
  if (frames > 0) audio.samples.assign(samples, samples + frames * static_cast<uint64_t>(channels));
  return audio;
}

}  // namespace chatterbox::capi
