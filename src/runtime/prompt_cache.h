// The frozen prompts of the voices that streamed last, as many as the bytes allow.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "s3gen/prompt_states.h"
#include "s3gen/s3gen.h"
#include "voice/conditionals.h"

namespace chatterbox::runtime {

class PromptCache {
 public:
  explicit PromptCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // The prompt of a voice for the steps of `options`, which is now the last used. One that is not
  // there is made, once those longest unused have left room for it. It is there until the next
  // call.
  [[nodiscard]] const s3gen::PromptStates& find(
      const s3gen::Flow& flow, const std::shared_ptr<const voice::Conditionals>& voice,
      const s3gen::FlowOptions& options);
  [[nodiscard]] int64_t bytes() const;

 private:
  struct Entry {
    std::shared_ptr<const voice::Conditionals> voice;
    std::optional<int64_t> steps, guided_steps;
    s3gen::PromptStates states;
  };

  int64_t max_bytes_;
  std::list<Entry> entries_;  // the last used first
};

}  // namespace chatterbox::runtime
