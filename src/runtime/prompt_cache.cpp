#include "runtime/prompt_cache.h"

#include <algorithm>
#include <utility>

namespace chatterbox::runtime {
namespace {

// Whether S3Gen makes the same of them.
bool same_prompt(const voice::Conditionals& a, const voice::Conditionals& b) {
  return &a == &b || (a.s3gen_tokens == b.s3gen_tokens && a.s3gen_mel == b.s3gen_mel &&
                      a.x_vector == b.x_vector);
}

}  // namespace

const s3gen::PromptStates& PromptCache::find(
    const s3gen::Flow& flow, const std::shared_ptr<const voice::Conditionals>& voice,
    const s3gen::FlowOptions& options) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.steps == options.steps && entry.guided_steps == options.guided_steps &&
           same_prompt(*entry.voice, *voice);
  });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front().states;
  }
  const int64_t needed = s3gen::prompt_bytes(flow, *voice, options);
  while (!entries_.empty() && bytes() + needed > max_bytes_) entries_.pop_back();
  entries_.push_front(
      {voice, options.steps, options.guided_steps, s3gen::freeze_prompt(flow, *voice, options)});
  return entries_.front().states;
}

int64_t PromptCache::bytes() const {
  int64_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.states.bytes();
  return bytes;
}

}  // namespace chatterbox::runtime
