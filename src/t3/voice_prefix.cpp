#include "t3/voice_prefix.h"

#include <ATen/ops/cat.h>

#include <algorithm>

namespace chatterbox::t3 {
namespace {

// Positions of the row without a text that are computed together.
constexpr int64_t kBlock = 64;

}  // namespace

int64_t next_chunk(int64_t total, int64_t done, int64_t most) {
  const int64_t chunks = (total + most - 1) / most;
  int64_t end = 0;
  for (int64_t i = 1; end <= done; ++i) end = total * i / chunks;
  return end - done;
}

VoicePrefix::VoicePrefix(const Model& model, VoiceKey voice)
    : voice_(std::move(voice)),
      conditioning_positions_(model.embedder().conditioning_positions(voice_)),
      kv_(model.make_cache(1, 0)) {}

// The conditioning goes together with the first block: who asks for the one mostly asks for the
// other, and few positions cost more each than many.
void VoicePrefix::advance(const Model& model) {
  const Limits& limits = model.limits();
  const bool shared = limits.guidance_keeps_voice();
  const int64_t block = shared ? kBlock : 0;
  const int64_t end = conditioning_positions_ + (shared ? limits.max_text_tokens : 0);
  const int64_t beginning = std::min(conditioning_positions_ + block, end);
  const int64_t done = positions();
  const int64_t count =
      done < beginning ? next_chunk(beginning, done, kChunk) : std::min(block, end - done);
  reserve(model, done + count);
  model.backbone().fill(input(model, done, count), {{0, count}}, kv_);
}

at::Tensor VoicePrefix::input(const Model& model, int64_t first, int64_t count) const {
  std::vector<at::Tensor> parts;
  const int64_t conditioning = std::clamp<int64_t>(conditioning_positions_ - first, 0, count);
  if (conditioning > 0) {
    const at::Tensor all = model.embedder().conditioning(voice_);
    parts.push_back(all.narrow(0, first, conditioning));
  }
  if (conditioning < count) {
    const int64_t text = first + conditioning - conditioning_positions_;
    parts.push_back(model.embedder().no_text(text, count - conditioning));
  }
  return at::cat(parts);
}

void VoicePrefix::reserve(const Model& model, int64_t positions) {
  if (kv_.positions() >= positions) return;
  BatchKVCache larger = model.make_cache(1, positions);
  larger.copy_row(0, kv_, 0, kv_.length(0));
  kv_ = std::move(larger);
}

std::shared_ptr<VoicePrefix> VoicePrefixCache::find(const Model& model, const VoiceKey& voice,
                                                    int64_t needed) {
  const auto found = std::find_if(prefixes_.begin(), prefixes_.end(),
                                  [&](const auto& prefix) { return prefix->voice() == voice; });
  const int64_t there = found == prefixes_.end() ? 0 : std::min((*found)->positions(), needed);
  ++(there == needed ? stats_.hits : stats_.misses);
  stats_.positions_saved += there;
  auto prefix = found == prefixes_.end() ? std::make_shared<VoicePrefix>(model, voice) : *found;
  keep(prefix);
  return prefix;
}

void VoicePrefixCache::keep(const std::shared_ptr<VoicePrefix>& prefix) {
  prefixes_.remove_if([&](const auto& other) { return other->voice() == prefix->voice(); });
  prefixes_.push_front(prefix);
  while (bytes() > max_bytes_) prefixes_.pop_back();
}

int64_t VoicePrefixCache::bytes() const {
  int64_t bytes = 0;
  for (const auto& prefix : prefixes_) bytes += prefix->bytes();
  return bytes;
}

PrefixCacheStats VoicePrefixCache::stats() const {
  PrefixCacheStats stats = stats_;
  stats.voices = static_cast<int64_t>(prefixes_.size());
  stats.bytes = bytes();
  return stats;
}

}  // namespace chatterbox::t3
