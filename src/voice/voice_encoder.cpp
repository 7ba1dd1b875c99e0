#include "voice/voice_encoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <string>
#include <utility>

#include "support/interruption.h"

namespace chatterbox::voice {
namespace {

// models/voice_encoder: ve_partial_frames, and the step of rate 1.3, round(16000 / 1.3 / 160).
constexpr int64_t kMels = 40;
constexpr int64_t kLayers = 3;
constexpr int64_t kPartialFrames = 160;
constexpr int64_t kPartialStep = 77;
constexpr double kLeastCoverage = 0.8;
constexpr int64_t kPartialsAtOnce = 32;  // bounds the gates' memory in a long recording

at::Tensor unit(const at::Tensor& vectors) {  // [B, E]
  return vectors.div(at::linalg_vector_norm(vectors, 2, {1}, /*keepdim=*/true));
}

// [N, 160, 40] -> [N, 256]
at::Tensor embed_partials(const VoiceEncoder& encoder, const at::Tensor& partials) {
  const int64_t hidden = encoder.proj_weight.size(1);
  const at::Tensor zeros = at::zeros({1, partials.size(0), hidden}, partials.options());
  at::Tensor x = partials, top;
  for (size_t i = 0; i < encoder.lstm.size(); i += 4) {  // a layer at a time
    interruption_point();
    const at::TensorList layer = at::TensorList(encoder.lstm).slice(i, 4);
    auto [all, last_hidden, last_cell] =
        at::lstm(x, {zeros, zeros}, layer, /*has_biases=*/true, /*num_layers=*/1,
                 /*dropout=*/0.0, /*train=*/false, /*bidirectional=*/false, /*batch_first=*/true);
    x = std::move(all);
    top = last_hidden.select(0, 0);
  }
  return unit(at::relu(at::linear(top, encoder.proj_weight, encoder.proj_bias)));
}

// [T, 40] -> [count, 160, 40]
at::Tensor partials_of(const at::Tensor& mel) {
  const PartialPlan plan = plan_partials(mel.size(0));
  const int64_t missing = std::max<int64_t>(0, plan.frames - mel.size(0));
  const at::Tensor padded = at::constant_pad_nd(mel, {0, 0, 0, missing});
  return padded.narrow(0, 0, plan.frames).unfold(0, kPartialFrames, kPartialStep).transpose(1, 2);
}

}  // namespace

VoiceEncoder load_voice_encoder(const nn::WeightReader& reader) {
  VoiceEncoder encoder;
  const nn::WeightReader lstm = reader.scope("lstm");
  const int64_t hidden = reader.dim("proj.weight", 1);
  for (int64_t i = 0; i < kLayers; ++i) {
    const std::string layer = "_l" + std::to_string(i);
    encoder.lstm.push_back(lstm.get("weight_ih" + layer, {4 * hidden, i == 0 ? kMels : hidden}));
    encoder.lstm.push_back(lstm.get("weight_hh" + layer, {4 * hidden, hidden}));
    encoder.lstm.push_back(lstm.get("bias_ih" + layer, {4 * hidden}));
    encoder.lstm.push_back(lstm.get("bias_hh" + layer, {4 * hidden}));
  }
  encoder.proj_weight = reader.get("proj.weight", {256, hidden});
  encoder.proj_bias = reader.get("proj.bias", {256});
  // Of the training loss.
  reader.ignore("similarity_weight");
  reader.ignore("similarity_bias");
  return encoder;
}

PartialPlan plan_partials(int64_t mel_frames) {
  const int64_t beyond_overlap = std::max<int64_t>(0, mel_frames - kPartialFrames + kPartialStep);
  int64_t count = beyond_overlap / kPartialStep;
  const int64_t covered = beyond_overlap % kPartialStep + kPartialFrames - kPartialStep;
  if (count == 0 || static_cast<double>(covered) / kPartialFrames >= kLeastCoverage) ++count;
  return {count, kPartialFrames + kPartialStep * (count - 1)};
}

SpeakerEmbeddingRun::SpeakerEmbeddingRun(const VoiceEncoder& encoder,
                                         const std::vector<at::Tensor>& mels)
    : encoder_(&encoder) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& mel : mels) {
    all.push_back(partials_of(mel));
    counts_.push_back(all.back().size(0));
  }
  partials_ = at::cat(all, 0).split(kPartialsAtOnce);
}

bool SpeakerEmbeddingRun::next() {
  embedded_.push_back(embed_partials(*encoder_, partials_[embedded_.size()]));
  return embedded_.size() == partials_.size();
}

at::Tensor SpeakerEmbeddingRun::embeddings() const {
  std::vector<at::Tensor> means;
  for (const at::Tensor& own : at::cat(embedded_, 0).split_with_sizes(counts_)) {
    means.push_back(own.mean(0));
  }
  return unit(at::stack(means));
}

at::Tensor speaker_embeddings(const VoiceEncoder& encoder, const std::vector<at::Tensor>& mels) {
  SpeakerEmbeddingRun run(encoder, mels);
  while (!run.next()) {
  }
  return run.embeddings();
}

}  // namespace chatterbox::voice
