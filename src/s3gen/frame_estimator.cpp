#include "s3gen/frame_estimator.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "s3gen/sizes.h"

namespace chatterbox::s3gen {
namespace {

using nn::cpu::Bf16;
using nn::cpu::FrameBuffer;
using nn::cpu::FrameLinear;
using nn::cpu::FrameRange;

constexpr int64_t kAhead = 2;  // frames that a convolution of kernel 3 sees before its own

FrameEstimator::CausalBlock pack(const CausalBlock& block) {
  return {nn::cpu::pack_conv(block.conv.weight, block.conv.bias), block.norm};
}

FrameEstimator::Stage pack(const Estimator::Stage& stage) {
  FrameEstimator::Stage packed{pack(stage.resnet.block1),
                               pack(stage.resnet.block2),
                               frame_linear(stage.resnet.shortcut),
                               {}};
  for (const TransformerBlock& block : stage.transformers) {
    packed.transformers.push_back({block.attention_norm, BlockLinear(block.qkv),
                                   BlockLinear(block.out), block.feed_forward_norm,
                                   BlockLinear(block.inner), BlockLinear(block.outer)});
  }
  return packed;
}

// `like`: the first block, whose sizes all must have.
bool fits(const TransformerBlock& block, const TransformerBlock& like, int64_t size) {
  return block.qkv.inputs() == size && block.qkv.outputs() == like.qkv.outputs() &&
         block.inner.inputs() == like.inner.inputs() &&
         block.inner.outputs() == like.inner.outputs() &&
         block.qkv.outputs() % (3 * kHeadSize) == 0 &&
         block.out.inputs() * 3 == block.qkv.outputs() && is_whole_step(block.inner.outputs()) &&
         is_whole_step(size);
}

// One evaluation of the estimator.
class Evaluation {
 public:
  Evaluation(const FrameEstimator& estimator, const EstimatorPlan& plan, int64_t step,
             const at::Tensor& x, FrameHistory& history);
  at::Tensor run();

 private:
  using Stage = FrameEstimator::Stage;
  using Block = FrameEstimator::Block;
  // One of these rows' places in a buffer, and in h_.
  struct Target {
    const FrameBuffer& buffer;
    int64_t column = 0;
  };

  template <class Work>
  void for_each_range(const Work& work) const {
    nn::cpu::for_each_range(ranges_, work);
  }
  [[nodiscard]] float* residual(const FrameRange& range) const {
    return h_.mutable_data_ptr<float>() + (range.row * frames_ + range.first) * size_;
  }
  void narrow_state(const at::Tensor& x);
  void look_back(const FrameBuffer& in) const;
  void see_before() const;
  void begin_down(const at::Tensor& shift);
  void begin(const Stage& stage, const FrameBuffer& in, const at::Tensor& shift);
  void finish_resnet(const Stage& stage);
  void project_qkv(const Block& block, const FrameRange& range, int64_t thread) const;
  void feed_forward(const Block& block, const FrameRange& range, int64_t thread) const;
  void transform(const Stage& stage, std::initializer_list<Target> targets);
  void convolve(const FrameLinear& conv, const FrameBuffer& in, const FrameBuffer& out) const;
  [[nodiscard]] at::Tensor project(const FrameBuffer& in) const;

  const FrameEstimator& estimator_;
  const EstimatorPlan& plan_;
  const int64_t step_;
  FrameHistory& history_;
  const int64_t batch_, rows_, frames_, size_;  // rows of both halves
  const int64_t before_;                        // frames that attention sees besides
  const std::vector<int64_t> lengths_, seen_;   // of the rows, without and with the frames before
  const std::vector<FrameRange> ranges_;
  const FrameScratch scratch_;
  const RoundedRows rounded_;
  const at::Tensor h_;  // [rows, T, C], fp32: what blocks add to
  const FrameBuffer state_, in_, hidden_, both_;
  const FrameBuffer qkv_, attended_;  // with the frames before
};

// All blocks have its sizes and its numbers.
const FrameEstimator::Block& first_block(const FrameEstimator& estimator) {
  return estimator.down.transformers.front();
}

RoundedRows rounded_rows(const FrameEstimator::Block& block) {
  if (!block.qkv.in_int8()) return {};
  return RoundedRows(std::max({block.qkv.inputs(), block.out.inputs(), block.outer.inputs()}));
}

std::vector<int64_t> of_both_halves(const EstimatorPlan& plan) {
  std::vector<int64_t> lengths;
  for (int64_t half = 0; half < plan.convolved.size(0); ++half) {
    lengths.insert(lengths.end(), plan.lengths.begin(), plan.lengths.end());
  }
  return lengths;
}

std::vector<int64_t> added(std::vector<int64_t> lengths, int64_t more) {
  for (int64_t& length : lengths) length += more;
  return lengths;
}

Evaluation::Evaluation(const FrameEstimator& estimator, const EstimatorPlan& plan, int64_t step,
                       const at::Tensor& x, FrameHistory& history)
    : estimator_(estimator),
      plan_(plan),
      step_(step),
      history_(history),
      batch_(plan.convolved.size(1)),
      rows_(plan.convolved.size(0) * batch_),
      frames_(plan.convolved.size(2)),
      size_(plan.convolved.size(3)),
      before_(history.frames()),
      lengths_(of_both_halves(plan)),
      seen_(added(lengths_, before_)),
      ranges_(nn::cpu::divide_frames(lengths_)),
      scratch_(size_, first_block(estimator).inner.outputs()),
      rounded_(rounded_rows(first_block(estimator))),
      h_(at::empty({rows_, frames_, size_}, at::kFloat)),
      state_(batch_, frames_, nn::cpu::padded(kMelChannels), kAhead),
      in_(rows_, frames_, size_, kAhead),
      hidden_(rows_, frames_, size_, kAhead),
      both_(rows_, frames_, 2 * size_, kAhead),
      qkv_(rows_, before_ + frames_, first_block(estimator).qkv.outputs(), 0),
      attended_(rows_, before_ + frames_, first_block(estimator).out.inputs(), 0) {
  narrow_state(x);
}

void Evaluation::narrow_state(const at::Tensor& x) {
  const at::Tensor state = x.contiguous();
  const auto* from = state.const_data_ptr<float>();
  for (int64_t row = 0; row < batch_; ++row) {
    const int64_t length = lengths_[static_cast<size_t>(row)];
    nn::cpu::frame_kernels()->narrow(from + row * frames_ * kMelChannels, kMelChannels, length,
                                     kMelChannels, state_.at(row, 0), state_.size());
    for (int64_t t = 0; t < length; ++t) {  // the columns that fill up a step
      std::fill(state_.at(row, t) + kMelChannels, state_.at(row, t + 1), Bf16{0});
    }
  }
}

// To be called before a convolution of what is in the buffer.
void Evaluation::look_back(const FrameBuffer& in) const {
  const int64_t rows = in.rows();
  if (history_.keeps()) {
    const at::Tensor state = at::empty({rows, kAhead, in.size()}, at::kBFloat16);
    auto* to = static_cast<Bf16*>(state.mutable_data_ptr());
    for (int64_t row = 0; row < rows; ++row) {
      std::copy_n(in.at(row, lengths_[static_cast<size_t>(row)] - kAhead), kAhead * in.size(),
                  to + row * kAhead * in.size());
    }
    history_.keep(state);
  }
  const at::Tensor state = history_.next();
  if (!state.defined()) return;
  const auto* from = static_cast<const Bf16*>(state.const_data_ptr());
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(from + row * kAhead * in.size(), kAhead * in.size(), in.at(row, -kAhead));
  }
}

// To be called before attention.
void Evaluation::see_before() const {
  const int64_t inner = qkv_.size() / 3;
  // Of keys and values, which lie together, of `frames` frames.
  const auto copy = [&](int64_t frames, const auto& one) {
    for (int64_t row = 0; row < rows_; ++row) {
      for (int64_t t = 0; t < frames; ++t) one(row, t, (row * frames + t) * 2 * inner);
    }
  };
  if (history_.keeps()) {
    const at::Tensor state = at::empty({rows_, frames_, 2 * inner}, at::kBFloat16);
    auto* to = static_cast<Bf16*>(state.mutable_data_ptr());
    copy(frames_, [&](int64_t row, int64_t t, int64_t offset) {
      std::copy_n(qkv_.at(row, t) + inner, 2 * inner, to + offset);
    });
    history_.keep(state);
  }
  const at::Tensor state = history_.next();
  if (!state.defined()) return;
  const auto* from = static_cast<const Bf16*>(state.const_data_ptr());
  copy(before_, [&](int64_t row, int64_t t, int64_t offset) {
    std::copy_n(from + offset, 2 * inner, qkv_.at(row, t) + inner);
  });
}

// Conditional and unconditional begin with the same state.
void Evaluation::begin_down(const at::Tensor& shift) {
  look_back(state_);
  const Stage& stage = estimator_.down;
  const nn::cpu::FrameKernels& kernels = *nn::cpu::frame_kernels();
  const auto* convolved = plan_.convolved.const_data_ptr<float>();
  const auto* shortcut = plan_.shortcut.const_data_ptr<float>();
  for_each_range([&](const FrameRange& range, int64_t thread) {
    const int64_t row = range.row % batch_;
    const int64_t offset = (range.row * frames_ + range.first) * size_;
    float* sums = scratch_.sums(thread);
    std::copy_n(convolved + offset, range.count * size_, sums);
    kernels.product_add(product_of(stage.block1.conv, state_.at(row, range.first - kAhead),
                                   state_.size(), range.count),
                        sums, size_);
    kernels.norm_mish(norm_of(stage.block1.norm, sums, range.count), shift.const_data_ptr<float>(),
                      hidden_.at(range.row, range.first), size_);
    std::copy_n(shortcut + offset, range.count * size_, residual(range));
    kernels.product_add(
        product_of(stage.shortcut, state_.at(row, range.first), state_.size(), range.count),
        residual(range), size_);
  });
}

void Evaluation::begin(const Stage& stage, const FrameBuffer& in, const at::Tensor& shift) {
  look_back(in);
  const nn::cpu::FrameKernels& kernels = *nn::cpu::frame_kernels();
  for_each_range([&](const FrameRange& range, int64_t thread) {
    float* sums = scratch_.sums(thread);
    kernels.product_fp32(product_of(stage.block1.conv, in.at(range.row, range.first - kAhead),
                                    in.size(), range.count),
                         sums, size_);
    kernels.norm_mish(norm_of(stage.block1.norm, sums, range.count), shift.const_data_ptr<float>(),
                      hidden_.at(range.row, range.first), size_);
    kernels.product_fp32(
        product_of(stage.shortcut, in.at(range.row, range.first), in.size(), range.count),
        residual(range), size_);
  });
}

void Evaluation::finish_resnet(const Stage& stage) {
  look_back(hidden_);
  const nn::cpu::FrameKernels& kernels = *nn::cpu::frame_kernels();
  for_each_range([&](const FrameRange& range, int64_t thread) {
    float* sums = scratch_.sums(thread);
    kernels.product_fp32(product_of(stage.block2.conv, hidden_.at(range.row, range.first - kAhead),
                                    size_, range.count),
                         sums, size_);
    kernels.norm_mish_add(norm_of(stage.block2.norm, sums, range.count), residual(range), size_);
    project_qkv(stage.transformers.front(), range, thread);
  });
}

void Evaluation::project_qkv(const Block& block, const FrameRange& range, int64_t thread) const {
  const nn::cpu::FrameKernels& kernels = *nn::cpu::frame_kernels();
  Bf16* rows = scratch_.rows(thread);
  kernels.norm(norm_of(block.attention_norm, residual(range), range.count), rows, size_);
  block.qkv.run({rows, size_, range.count, thread}, rounded_,
                qkv_.at(range.row, before_ + range.first), qkv_.size());
}

void Evaluation::feed_forward(const Block& block, const FrameRange& range, int64_t thread) const {
  const nn::cpu::FrameKernels& kernels = *nn::cpu::frame_kernels();
  float* h = residual(range);
  Bf16* rows = scratch_.rows(thread);
  Bf16* inner = scratch_.inner(thread);
  block.out.add(
      {attended_.at(range.row, before_ + range.first), attended_.size(), range.count, thread},
      rounded_, h, size_);
  kernels.norm(norm_of(block.feed_forward_norm, h, range.count), rows, size_);
  const int64_t wide = block.inner.outputs();
  block.inner.run_gelu({rows, size_, range.count, thread}, rounded_, inner, wide);
  block.outer.add({inner, wide, range.count, thread}, rounded_, h, size_);
}

// The transformers of a stage; what comes out goes to the targets.
void Evaluation::transform(const Stage& stage, std::initializer_list<Target> targets) {
  const nn::cpu::FrameKernels& kernels = *nn::cpu::frame_kernels();
  for (const Block& block : stage.transformers) {
    const bool last = &block == &stage.transformers.back();
    see_before();
    nn::cpu::self_attention(qkv_, seen_, attended_, before_);
    for_each_range([&](const FrameRange& range, int64_t thread) {
      feed_forward(block, range, thread);
      if (!last) return project_qkv(*(&block + 1), range, thread);
      for (const Target& target : targets) {
        kernels.narrow(residual(range), size_, range.count, size_,
                       target.buffer.at(range.row, range.first) + target.column,
                       target.buffer.size());
      }
    });
  }
}

void Evaluation::convolve(const FrameLinear& conv, const FrameBuffer& in,
                          const FrameBuffer& out) const {
  look_back(in);
  for_each_range([&](const FrameRange& range, int64_t) {
    nn::cpu::frame_kernels()->product(
        product_of(conv, in.at(range.row, range.first - kAhead), in.size(), range.count),
        out.at(range.row, range.first), out.size());
  });
}

at::Tensor Evaluation::project(const FrameBuffer& in) const {
  look_back(in);
  const nn::cpu::FrameKernels& kernels = *nn::cpu::frame_kernels();
  const FrameLinear& layer = estimator_.project;
  const at::Tensor out = at::empty({rows_, frames_, layer.outputs}, at::kFloat);
  auto* to = out.mutable_data_ptr<float>();
  const std::vector<float> no_shift(static_cast<size_t>(size_), 0.0F);
  for_each_range([&](const FrameRange& range, int64_t thread) {
    float* sums = scratch_.sums(thread);
    Bf16* rows = scratch_.rows(thread);
    kernels.product_fp32(product_of(estimator_.last.conv, in.at(range.row, range.first - kAhead),
                                    in.size(), range.count),
                         sums, size_);
    kernels.norm_mish(norm_of(estimator_.last.norm, sums, range.count), no_shift.data(), rows,
                      size_);
    kernels.product_fp32(product_of(layer, rows, size_, range.count),
                         to + (range.row * frames_ + range.first) * layer.outputs, layer.outputs);
  });
  return out.narrow(2, 0, kMelChannels);
}

at::Tensor Evaluation::run() {
  const auto shift = [&](size_t i) { return plan_.shifts[i][step_]; };
  begin_down(shift(0));
  finish_resnet(estimator_.down);
  transform(estimator_.down, {{hidden_}, {both_, size_}});
  convolve(estimator_.down_conv, hidden_, in_);
  for (size_t i = 0; i < estimator_.middle.size(); ++i) {
    begin(estimator_.middle[i], in_, shift(i + 1));
    finish_resnet(estimator_.middle[i]);
    transform(estimator_.middle[i],
              {i + 1 < estimator_.middle.size() ? Target{in_} : Target{both_}});
  }
  begin(estimator_.up, both_, shift(plan_.shifts.size() - 1));
  finish_resnet(estimator_.up);
  transform(estimator_.up, {{hidden_}});
  convolve(estimator_.up_conv, hidden_, in_);
  return project(in_).unflatten(0, {plan_.convolved.size(0), batch_});
}

}  // namespace

bool fits_kernels(const Estimator& estimator) {
  const int64_t size = estimator.down_conv.weight.size(0);
  const auto stage_fits = [&](const Estimator::Stage& stage) {
    return !stage.transformers.empty() &&
           std::all_of(stage.transformers.begin(), stage.transformers.end(),
                       [&](const TransformerBlock& block) {
                         return fits(block, estimator.down.transformers.front(), size);
                       });
  };
  return !estimator.middle.empty() && stage_fits(estimator.down) && stage_fits(estimator.up) &&
         std::all_of(estimator.middle.begin(), estimator.middle.end(), stage_fits);
}

FrameEstimator pack_estimator(const Estimator& estimator) {
  FrameEstimator packed;
  packed.down = pack(estimator.down);
  packed.down.block1.conv = nn::cpu::pack_conv(estimator.state_conv.weight, {});
  packed.down.shortcut = frame_linear(estimator.state_shortcut);
  packed.down_conv = nn::cpu::pack_conv(estimator.down_conv.weight, estimator.down_conv.bias);
  for (const Estimator::Stage& stage : estimator.middle) packed.middle.push_back(pack(stage));
  packed.up = pack(estimator.up);
  packed.up_conv = nn::cpu::pack_conv(estimator.up_conv.weight, estimator.up_conv.bias);
  packed.last = pack(estimator.last);
  packed.project = frame_linear(estimator.project);
  return packed;
}

at::Tensor estimate(const FrameEstimator& estimator, const EstimatorPlan& plan, int64_t step,
                    const at::Tensor& x, FrameHistory& history) {
  return Evaluation(estimator, plan, step, x, history).run();
}

}  // namespace chatterbox::s3gen
