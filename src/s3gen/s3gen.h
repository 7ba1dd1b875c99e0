// S3Gen: speech tokens to a mel (conformer encoder, conditional flow matching) to a wave (HiFT).
//
// Every function takes a batch: rows of different lengths and voices, padded and masked so that a
// row equals the row alone.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "nn/weight_reader.h"
#include "support/tensor_sink.h"
#include "voice/conditionals.h"

namespace chatterbox::s3gen {

class Flow;  // encoder and CFM ("flow.*")
struct PromptStates;
class Vocoder;  // HiFT ("mel2wav.*")

[[nodiscard]] std::shared_ptr<const Flow> load_flow(
    const nn::WeightReader& reader);  // root scope of s3gen
[[nodiscard]] std::shared_ptr<const Vocoder> load_vocoder(
    const nn::WeightReader& reader);  // root scope of s3gen

// Whether the flow is a mean flow (Turbo, Nano, Flash): few linear steps, no guidance. The
// checkpoint says so by a tensor that only such a flow has.
[[nodiscard]] bool meanflow(const Flow& flow);
// Whether its Euler steps run on nn's frame kernels, and not on libtorch's.
[[nodiscard]] bool on_frame_kernels(const Flow& flow);
// How many speech tokens it knows: 6561, or fewer in a small model.
[[nodiscard]] int64_t speech_tokens(const Flow& flow);
// The reference's number of Euler steps, 10; 2 of a mean flow.
[[nodiscard]] int64_t default_steps(const Flow& flow);

// What part of its utterance a row is. The default: all of it.
struct FlowPart {
  int64_t first = 0;  // the place in the utterance of the row's first speech token
  // Of the row's speech tokens, those whose frames are wanted; -1: all that there are.
  int64_t wanted = 0, wanted_end = -1;
  // Otherwise tokens follow: the last three are looked at ahead, and have no frames.
  bool ends = true;
  at::Tensor condition = {};  // [80, F], the mel of the F frames before the wanted ones; or none
};

struct FlowRow {
  std::vector<int64_t> speech_tokens;  // all below speech_tokens(), at least one
  const voice::Conditionals* voice = nullptr;
  at::Generator generator;                  // draws what flow_noise.h says, on the CPU
  TensorSink sink;                          // s3gen.speech_tokens, s3gen.mu, s3gen.mel
  std::optional<uint64_t> noise_seed = {};  // noise by frame of this seed, and nothing is drawn
  FlowPart part = {};
  // Of the voice, by freeze_prompt() with the same options: only what follows the voice's frames is
  // computed, and those do not see it. For a row that is alone.
  const PromptStates* prompt = nullptr;
};
struct FlowOptions {
  std::optional<int64_t> steps = {};         // at least 1; empty: default_steps()
  std::optional<int64_t> guided_steps = {};  // the first ones; empty: all. No matter to a mean flow
  // Called before each Euler step; an exception from it ends the batch.
  std::function<void(int64_t step)> before_step;
};
// One mel a row, [80, 2 S] or what is wanted of it, fp32, on the model's device.
[[nodiscard]] std::vector<at::Tensor> tokens_to_mel(const Flow& flow, std::vector<FlowRow>& rows,
                                                    const FlowOptions& options);

// The states of a voice's prompt, whose noise is the same for every seed.
[[nodiscard]] PromptStates freeze_prompt(const Flow& flow, const voice::Conditionals& voice,
                                         const FlowOptions& options);
// That it takes.
[[nodiscard]] int64_t prompt_bytes(const Flow& flow, const voice::Conditionals& voice,
                                   const FlowOptions& options);

struct VocoderRow {
  at::Tensor mel;  // [80, T]
  at::Generator generator;
  TensorSink sink;                          // s3gen.f0, s3gen.source, s3gen.wav
  std::optional<uint64_t> noise_seed = {};  // noise by sample of this seed, and nothing is drawn
};
// One wave a row, [480 T], fp32, on the CPU, after the trim fade.
[[nodiscard]] std::vector<at::Tensor> mel_to_wave(const Vocoder& vocoder,
                                                  std::vector<VocoderRow>& rows);

}  // namespace chatterbox::s3gen
