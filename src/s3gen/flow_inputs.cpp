#include "s3gen/flow_inputs.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "nn/upload.h"
#include "s3gen/flow_noise.h"
#include "s3gen/sizes.h"

namespace chatterbox::s3gen {
namespace {

int64_t longest_of(const std::vector<int64_t>& lengths) {
  return *std::max_element(lengths.begin(), lengths.end());
}

std::vector<int64_t> token_counts(const std::vector<FlowRow>& rows) {
  std::vector<int64_t> counts;
  counts.reserve(rows.size());
  for (const FlowRow& row : rows) counts.push_back(tokens(row));
  return counts;
}

// Of each row: those of its tokens, but for tokens that are only looked at.
std::vector<int64_t> frame_counts(const std::vector<FlowRow>& rows) {
  std::vector<int64_t> counts;
  counts.reserve(rows.size());
  for (const FlowRow& row : rows) {
    counts.push_back(kFramesPerToken * (tokens(row) - (row.part.ends ? 0 : kLookAhead)));
  }
  return counts;
}

at::Tensor token_ids(const std::vector<FlowRow>& rows, int64_t longest) {
  at::Tensor ids = at::zeros({static_cast<int64_t>(rows.size()), longest}, at::kLong);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<int64_t> row = rows[i].voice->s3gen_tokens;
    row.insert(row.end(), rows[i].speech_tokens.begin(), rows[i].speech_tokens.end());
    ids[static_cast<int64_t>(i)]
        .narrow(0, 0, static_cast<int64_t>(row.size()))
        .copy_(at::tensor(row, at::kLong));
  }
  return ids;
}

at::Tensor unit_vectors(const std::vector<FlowRow>& rows) {
  constexpr double kEps = 1e-12;  // the default of F.normalize
  std::vector<at::Tensor> vectors;
  vectors.reserve(rows.size());
  for (const FlowRow& row : rows) vectors.push_back(at::tensor(row.voice->x_vector, at::kFloat));
  const at::Tensor x = at::stack(vectors);
  return x.div(x.norm(2, {1}, /*keepdim=*/true).clamp_min(kEps));
}

// Frames of the voice's mel that stand in the row.
int64_t taken_frames(const FlowRow& row) {
  const int64_t frames = row.voice->mel_frames();
  return row.part.first == 0 ? frames : std::min(frames, prompt_frames(row));
}

at::Tensor voice_mels(const std::vector<FlowRow>& rows) {
  int64_t longest = 0;
  for (const FlowRow& row : rows) longest = std::max(longest, taken_frames(row));
  at::Tensor mels =
      at::zeros({static_cast<int64_t>(rows.size()), longest, kMelChannels}, at::kFloat);
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t taken = taken_frames(rows[i]);
    // NOLINTNEXTLINE(*-const-cast): libtorch takes no const
    auto* from = const_cast<float*>(rows[i].voice->s3gen_mel.data());
    mels[static_cast<int64_t>(i)]
        .narrow(0, 0, taken)
        .copy_(at::from_blob(from, {taken, kMelChannels}, at::kFloat));
  }
  return mels;
}

at::Tensor noise_of(const Flow& flow, const FlowRow& row, int64_t frames) {
  if (row.noise_seed) {
    return noise_by_frame(*row.noise_seed, prompt_frames(row), kFramesPerToken * row.part.first,
                          frames);
  }
  const auto speech = kFramesPerToken * static_cast<int64_t>(row.speech_tokens.size());
  return meanflow(flow) ? draw_meanflow_noise(row.generator, frames, speech)
                        : draw_noise(row.generator, frames);
}

// Drawn row by row, so that neither neighbours nor padding change a row's noise.
at::Tensor noise(const Flow& flow, const std::vector<FlowRow>& rows,
                 const std::vector<int64_t>& frames) {
  at::Tensor x =
      at::zeros({static_cast<int64_t>(rows.size()), longest_of(frames), kMelChannels}, at::kFloat);
  for (size_t i = 0; i < rows.size(); ++i) {
    x[static_cast<int64_t>(i)]
        .narrow(0, 0, frames[i])
        .copy_(noise_of(flow, rows[i], frames[i]).transpose(0, 1));
  }
  return x;
}

}  // namespace

int64_t prompt_tokens(const FlowRow& row) {
  return static_cast<int64_t>(row.voice->s3gen_tokens.size());
}

int64_t tokens(const FlowRow& row) {
  return prompt_tokens(row) + static_cast<int64_t>(row.speech_tokens.size());
}

int64_t prompt_frames(const FlowRow& row) { return kFramesPerToken * prompt_tokens(row); }

int64_t first_wanted(const FlowRow& row) {
  if (row.part.first + row.part.wanted == 0) return row.voice->mel_frames();
  return prompt_frames(row) + kFramesPerToken * row.part.wanted;
}

FlowInputs take_inputs(const Flow& flow, const std::vector<FlowRow>& rows,
                       const at::Tensor& times) {
  const std::vector<int64_t> counts = token_counts(rows), frames = frame_counts(rows);
  const std::vector<at::Tensor> there =
      nn::upload({at::tensor(counts, at::kLong), at::tensor(frames, at::kLong),
                  token_ids(rows, longest_of(counts)), unit_vectors(rows), voice_mels(rows),
                  noise(flow, rows, frames), times},
                 flow.placement.device);
  return {make_frame_mask(counts, there[0]),
          make_frame_mask(frames, there[1]),
          there[2],
          there[3],
          there[4],
          there[5],
          there[6]};
}

at::Tensor prompt_mels(const std::vector<FlowRow>& rows, const FlowInputs& inputs,
                       const at::TensorOptions& options) {
  const at::Tensor& prompts = inputs.prompts;
  at::Tensor mels = at::zeros(inputs.noise.sizes(), options);
  mels.narrow(1, 0, prompts.size(1)).copy_(prompts);
  for (size_t i = 0; i < rows.size(); ++i) {
    const FlowRow& row = rows[i];
    if (!row.part.condition.defined()) continue;
    const at::Tensor condition = row.part.condition.transpose(0, 1);
    const int64_t count = condition.size(0);
    mels[static_cast<int64_t>(i)].narrow(0, first_wanted(row) - count, count).copy_(condition);
  }
  return mels;
}

}  // namespace chatterbox::s3gen
