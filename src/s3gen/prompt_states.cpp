#include "s3gen/prompt_states.h"

#include "support/error.h"

namespace chatterbox::s3gen {
namespace {

int64_t bytes_of(const LayerStates& states) {
  int64_t bytes = 0;
  for (const at::Tensor& state : states) bytes += static_cast<int64_t>(state.nbytes());
  return bytes;
}

}  // namespace

int64_t PromptStates::bytes() const {
  int64_t bytes = bytes_of(fixed);
  for (const LayerStates& step : steps) bytes += bytes_of(step);
  return bytes;
}

FrameHistory FrameHistory::keeping(LayerStates& states) {
  FrameHistory history;
  history.kept_ = &states;
  return history;
}

FrameHistory FrameHistory::after(const LayerStates& states, int64_t frames) {
  FrameHistory history;
  history.before_ = &states;
  history.frames_ = frames;
  return history;
}

at::Tensor FrameHistory::next() {
  if (before_ == nullptr) return {};
  if (layer_ == before_->size()) {
    fail(Status::kInternal, "a prompt has states of {} layers only", layer_);
  }
  return (*before_)[layer_++];
}

void FrameHistory::keep(const at::Tensor& state) const {
  kept_->push_back(state.clone(at::MemoryFormat::Contiguous));
}

}  // namespace chatterbox::s3gen
