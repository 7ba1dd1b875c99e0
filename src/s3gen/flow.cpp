#include "s3gen/flow.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

#include "nn/emit.h"
#include "s3gen/euler_solver.h"
#include "s3gen/flow_inputs.h"
#include "s3gen/sizes.h"
#include "support/error.h"

namespace chatterbox::s3gen {
namespace {

// Of a group of `rows` rows.
void check(const Flow& flow, const FlowRow& row, size_t rows) {
  if (row.voice == nullptr || row.speech_tokens.empty()) {
    fail(Status::kInternal, "the flow takes a voice and at least one speech token");
  }
  if (row.prompt != nullptr &&
      (rows != 1 || row.prompt->frames != kFramesPerToken * prompt_tokens(row))) {
    fail(Status::kInternal, "a frozen prompt of {} frames, for one of {} rows with a voice of {}",
         row.prompt->frames, rows, kFramesPerToken * prompt_tokens(row));
  }
  const int64_t vocabulary = flow.encoder.embedding.size(0);
  for (const auto* ids : {&row.voice->s3gen_tokens, &row.speech_tokens}) {
    for (const int64_t id : *ids) {
      if (id < 0 || id >= vocabulary) {
        fail(Status::kInternal, "a speech token must be in [0, {}), got {}", vocabulary, id);
      }
    }
  }
  // A voice may have a few frames more than its tokens; they are taken from the speech.
  if (kFramesPerToken * tokens(row) <= row.voice->mel_frames()) {
    fail(Status::kNoSpeech,
         "no speech: {} speech tokens after a voice of {} tokens and {} mel frames",
         row.speech_tokens.size(), prompt_tokens(row), row.voice->mel_frames());
  }
}

// [B, 192] -> [B, 80]
at::Tensor speakers(const Flow& flow, const at::Tensor& x_vectors,
                    const at::TensorOptions& options) {
  return nn::linear(x_vectors.to(options), flow.speaker);
}

// The Euler steps that options ask for.
struct Schedule {
  at::Tensor times;
  int64_t steps, guided_steps;
};

Schedule schedule_of(const Flow& flow, const FlowOptions& options) {
  const int64_t steps = options.steps.value_or(default_steps(flow));
  return {meanflow(flow) ? linear_schedule(steps) : cosine_schedule(steps), steps,
          options.guided_steps.value_or(steps)};
}

// A batch between its encoder and its mels. A copy of a row draws from the caller's generator.
struct FlowBatch {
  std::vector<FlowRow> rows;
  FrameMask frames;
  EulerSolver solver;
};

// Frames of the row's prompt that are not computed.
int64_t frozen_frames(const FlowRow& row) { return row.prompt == nullptr ? 0 : row.prompt->frames; }

// What is left of a batch's conditions without the frames that are not computed.
FlowConditions without_frozen(const FlowConditions& all, int64_t frozen) {
  if (frozen == 0) return all;
  const int64_t left = all.mu.size(1) - frozen;
  return {all.mu.narrow(1, frozen, left), all.speaker, all.prompt.narrow(1, frozen, left),
          make_frame_mask({left}, all.mu.device())};
}

FlowBatch begin(const Flow& flow, std::vector<FlowRow> rows, const Schedule& schedule,
                PromptStates* kept = nullptr) {
  const int64_t frozen = frozen_frames(rows.front());
  for (const FlowRow& row : rows) {
    nn::emit(row.sink, "s3gen.speech_tokens", at::tensor(row.speech_tokens, at::kLong));
  }
  const FlowInputs inputs = take_inputs(flow, rows, schedule.times);
  const FrameMask& frames = inputs.frames;
  at::Tensor mu = encode(flow.encoder, inputs.ids, inputs.tokens);
  mu = mu.narrow(1, 0, inputs.noise.size(1));
  for (size_t i = 0; i < rows.size(); ++i) {
    nn::emit(rows[i].sink, "s3gen.mu",
             mu[static_cast<int64_t>(i)].narrow(0, frozen, frames.lengths[i] - frozen));
  }
  const FlowConditions conditions =
      without_frozen({mu, speakers(flow, inputs.x_vectors, mu.options()),
                      prompt_mels(rows, inputs, mu.options()), frames},
                     frozen);
  EulerSolver solver(flow.estimator, conditions, inputs.times, schedule.guided_steps,
                     inputs.noise.narrow(1, frozen, inputs.noise.size(1) - frozen),
                     {rows.front().prompt, kept});
  return {std::move(rows), frames, std::move(solver)};
}

// [80, wanted frames] of each row
void finish(const FlowBatch& batch, std::vector<at::Tensor>& mels) {
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    const FlowRow& row = batch.rows[i];
    const int64_t first = first_wanted(row);
    const int64_t end = row.part.wanted_end < 0
                            ? batch.frames.lengths[i]
                            : prompt_frames(row) + kFramesPerToken * row.part.wanted_end;
    const at::Tensor speech = batch.solver.x()[static_cast<int64_t>(i)].narrow(
        0, first - frozen_frames(row), end - first);
    mels.push_back(speech.transpose(0, 1).contiguous());
    nn::emit(row.sink, "s3gen.mel", mels.back());
  }
}

std::vector<at::Tensor> solve(const Flow& flow, std::vector<std::vector<FlowRow>> groups,
                              const FlowOptions& options) {
  const Schedule schedule = schedule_of(flow, options);
  std::vector<FlowBatch> batches;
  for (std::vector<FlowRow>& group : groups) {
    for (const FlowRow& row : group) check(flow, row, group.size());
    batches.push_back(begin(flow, std::move(group), schedule));
  }
  for (int64_t step = 0; step < schedule.steps; ++step) {
    if (options.before_step) options.before_step(step);
    for (FlowBatch& batch : batches) batch.solver.advance(step);
  }
  std::vector<at::Tensor> mels;
  for (const FlowBatch& batch : batches) finish(batch, mels);
  return mels;
}

}  // namespace

std::shared_ptr<const Flow> load_flow(const nn::WeightReader& reader) {
  const nn::Placement& placement = reader.placement();
  const nn::WeightReader scope = reader.with(placement.without_int8()).scope("flow");
  auto flow = std::make_shared<Flow>();
  flow->placement = placement;
  flow->encoder = read_token_encoder(scope);
  flow->speaker = nn::read_linear(scope, "spk_embed_affine_layer", kMelChannels, kXVectorSize);
  flow->estimator = read_estimator(scope.with(placement).scope("decoder").scope("estimator"));
  return flow;
}

bool on_frame_kernels(const Flow& flow) { return flow.estimator.frames != nullptr; }

bool meanflow(const Flow& flow) { return meanflow(flow.estimator); }

int64_t speech_tokens(const Flow& flow) { return flow.encoder.embedding.size(0); }

int64_t default_steps(const Flow& flow) {
  constexpr int64_t kSteps = 10;  // s3gen.py, flow_inference
  constexpr int64_t kMeanflowSteps = 2;
  return meanflow(flow) ? kMeanflowSteps : kSteps;
}

// Its tokens are all that the encoder sees, and nothing comes after its frames.
PromptStates freeze_prompt(const Flow& flow, const voice::Conditionals& voice,
                           const FlowOptions& options) {
  constexpr uint64_t kSeed = 0;
  FlowRow row{{}, &voice, {}, {}, kSeed};
  row.part.first = 1;  // so that nothing of the voice's mel is taken from the speech
  PromptStates states;
  const Schedule schedule = schedule_of(flow, options);
  FlowBatch batch = begin(flow, {std::move(row)}, schedule, &states);
  for (int64_t step = 0; step < schedule.steps; ++step) {
    if (options.before_step) options.before_step(step);
    batch.solver.advance(step);
  }
  return states;
}

int64_t prompt_bytes(const Flow& flow, const voice::Conditionals& voice,
                     const FlowOptions& options) {
  const Schedule schedule = schedule_of(flow, options);
  const int64_t frames = kFramesPerToken * static_cast<int64_t>(voice.s3gen_tokens.size());
  const int64_t guided = meanflow(flow) ? 0 : std::min(schedule.guided_steps, schedule.steps);
  return fixed_state_bytes(flow.estimator) + guided * state_bytes(flow.estimator, frames, true) +
         (schedule.steps - guided) * state_bytes(flow.estimator, frames, false);
}

std::vector<at::Tensor> flow_padded(const Flow& flow, std::vector<FlowRow>& rows,
                                    const FlowOptions& options) {
  return solve(flow, {rows}, options);
}

std::vector<at::Tensor> tokens_to_mel(const Flow& flow, std::vector<FlowRow>& rows,
                                      const FlowOptions& options) {
  if (rows.empty()) return {};
  if (!flow.placement.device.is_cpu()) return flow_padded(flow, rows, options);
  // One row fills a CPU's cores; a padded batch would compute the padding for nothing.
  std::vector<std::vector<FlowRow>> alone;
  alone.reserve(rows.size());
  for (const FlowRow& row : rows) alone.push_back({row});
  return solve(flow, std::move(alone), options);
}

}  // namespace chatterbox::s3gen
