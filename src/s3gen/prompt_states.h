// What the estimator's layers keep of a voice's prompt, so that what follows it is computed without
// it: the frames of a prompt whose frames see each other alone are the same before any speech.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace chatterbox::s3gen {

// One pass through the layers that look back, in the order in which they are run: of a convolution
// the last frames that it saw, of attention the keys and values.
using LayerStates = std::vector<at::Tensor>;

// Of a prompt's frames, for the Euler steps of one schedule.
struct PromptStates {
  int64_t frames = 0;
  LayerStates fixed;               // of what is the same in all steps
  std::vector<LayerStates> steps;  // of each step

  [[nodiscard]] int64_t bytes() const;
};

// What a pass knows of the frames before its own.
class FrameHistory {
 public:
  FrameHistory() = default;  // that there are none
  // The same, and its layers' states are kept.
  [[nodiscard]] static FrameHistory keeping(LayerStates& states);
  [[nodiscard]] static FrameHistory after(const LayerStates& states, int64_t frames);

  [[nodiscard]] int64_t frames() const { return frames_; }  // before

  // The next layer's, undefined where there are none.
  [[nodiscard]] at::Tensor next();
  // Whether keep() wants the layer's own, [rows, frames, ...], which it copies.
  [[nodiscard]] bool keeps() const { return kept_ != nullptr; }
  void keep(const at::Tensor& state) const;

 private:
  LayerStates* kept_ = nullptr;
  const LayerStates* before_ = nullptr;
  int64_t frames_ = 0;
  size_t layer_ = 0;
};

}  // namespace chatterbox::s3gen
