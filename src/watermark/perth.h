// The Perth implicit watermark (resemble-perth 1.0.1), which the reference puts into all that it
// speaks: a network adds a pattern to the spectrum below 2 kHz, another one recognises it. It says
// whether a mark is there, and carries no message.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "nn/linear.h"
#include "nn/weight_reader.h"

namespace chatterbox::watermark {

// Convolutions over time, leaky ReLUs between them. Weights [out, taps * in], a tap's inputs
// together.
using Layers = std::vector<nn::Linear>;

struct Perth {
  at::Tensor window;  // [kFftSize]
  Layers encoder;
  Layers slow, normal, fast;  // the decoder's branches: the spectrum stretched, as is, compressed
};

// In fp32 whatever the reader's type, on its device. `reader`: all of perth_implicit.safetensors
// (find_weights.h); reader.finish() is the caller's.
[[nodiscard]] std::shared_ptr<const Perth> load_perth(const nn::WeightReader& reader);

// What both functions take: mono samples, finite, at 8000 to 192000 Hz. kBadAudio otherwise. The
// networks work at 32 kHz, so what is above 16 kHz is lost. About 5 MB of memory a second.
//
// The marked samples, as many as given. Fewer than 1025 samples at 32 kHz (32 ms) come back as they
// are, unmarked.
[[nodiscard]] std::vector<float> embed(const Perth& perth, const std::vector<float>& samples,
                                       int32_t sample_rate);
// The same of a window of a longer recording. `loudest`: the sum of levels of the loudest frame
// so far, by which is judged what is loud enough to be marked; this window's are counted too.
[[nodiscard]] std::vector<float> embed_window(const Perth& perth, const std::vector<float>& samples,
                                              int32_t sample_rate, float& loudest);
// How sure the detector is that the samples carry the mark, 0 to 1; the package says yes above 0.5.
// 0 for silence. kBadAudio for fewer than 1025 samples at 32 kHz.
[[nodiscard]] float detect(const Perth& perth, const std::vector<float>& samples,
                           int32_t sample_rate);

}  // namespace chatterbox::watermark
