#include "nn/cpu/frame_layers.h"

#include <ATen/Parallel.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "nn/cpu/each_part.h"

namespace chatterbox::nn::cpu {
namespace {

at::Tensor pad_last(const at::Tensor& x, int64_t size) {
  return at::constant_pad_nd(x, {0, size - x.size(-1)});
}

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Queries of a head of a row, by one thread.
struct Part {
  int64_t row, column;  // the head's first column
  int64_t length, first, last;
  Bf16* scratch;
};

template <class ArgsOf>
void attend(const std::vector<int64_t>& lengths, int64_t size, int64_t first_query,
            bool with_positions, const ArgsOf& args_of) {
  const FrameKernels& kernels = *frame_kernels();
  const int64_t heads = size / kHeadSize;
  const auto tasks = static_cast<int64_t>(lengths.size()) * heads;
  const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  // Where there are more threads than heads, several pack the keys of one.
  const int64_t parts = std::max(divide_up(at::get_num_threads(), tasks),
                                 attention_parts(longest - first_query, longest));
  const at::Tensor scratch = at::empty(
      {at::get_num_threads(), kernels.attention_scratch(longest, with_positions)}, at::kBFloat16);
  auto* memory = static_cast<Bf16*>(scratch.mutable_data_ptr());
  for_each_part(tasks * parts, [&](int64_t i) {
    const int64_t row = i / parts / heads;
    const int64_t length = lengths[static_cast<size_t>(row)];
    const int64_t count = divide_up(length - first_query, parts);
    const int64_t first = std::min(first_query + i % parts * count, length);
    kernels.attention(args_of(Part{row, i / parts % heads * kHeadSize, length, first,
                                   std::min(first + count, length),
                                   memory + at::get_thread_num() * scratch.size(1)}));
  });
}

// Of `count` frames each, but for the last ones of a row.
std::vector<FrameRange> ranges_of(const std::vector<int64_t>& lengths, int64_t count) {
  std::vector<FrameRange> ranges;
  for (size_t row = 0; row < lengths.size(); ++row) {
    for (int64_t first = 0; first < lengths[row]; first += count) {
      ranges.push_back({static_cast<int64_t>(row), first, std::min(count, lengths[row] - first)});
    }
  }
  return ranges;
}

// What the busiest thread of for_each_range() computes.
int64_t most_rows_of_a_thread(const std::vector<FrameRange>& ranges, int64_t tile) {
  const auto count = static_cast<int64_t>(ranges.size());
  const int64_t share = divide_up(count, at::get_num_threads());
  int64_t most = 0;
  for (int64_t begin = 0; begin < count; begin += share) {
    int64_t rows = 0;
    for (int64_t i = begin; i < std::min(begin + share, count); ++i) {
      rows += divide_up(ranges[static_cast<size_t>(i)].count, tile) * tile;
    }
    most = std::max(most, rows);
  }
  return most;
}

}  // namespace

int64_t padded(int64_t size) { return divide_up(size, kDepthStep) * kDepthStep; }

FrameLinear pack_linear(const at::Tensor& weight, const at::Tensor& bias) {
  static_assert(kOutputStep == kDepthStep);
  FrameLinear layer;
  layer.depth = padded(weight.size(1));
  layer.outputs = padded(weight.size(0));
  const at::Tensor whole =
      at::constant_pad_nd(weight.to(at::kBFloat16),
                          {0, layer.depth - weight.size(1), 0, layer.outputs - weight.size(0)});
  layer.weight =
      whole.view({layer.outputs / 16, 16, layer.depth / 2, 2}).permute({0, 2, 1, 3}).contiguous();
  if (bias.defined()) layer.bias = pad_last(bias.to(at::kFloat), layer.outputs).contiguous();
  return layer;
}

FrameLinear pack_conv(const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor by_tap = weight.squeeze(2).transpose(1, 2);  // [N, taps, C]
  const int64_t depth = padded(by_tap.size(2));
  FrameLinear layer = pack_linear(pad_last(by_tap, depth).flatten(1), bias);
  layer.depth = depth;
  layer.taps = by_tap.size(1);
  return layer;
}

Product product_of(const FrameLinear& layer, const Bf16* x, int64_t x_stride, int64_t rows,
                   int64_t dilation) {
  return {x,
          x_stride,
          rows,
          static_cast<const Bf16*>(layer.weight.const_data_ptr()),
          layer.bias.defined() ? layer.bias.const_data_ptr<float>() : nullptr,
          layer.depth,
          layer.outputs,
          layer.taps,
          dilation * x_stride};
}

FrameBuffer::FrameBuffer(int64_t rows, int64_t frames, int64_t size, int64_t ahead, int64_t behind)
    : rows_(rows),
      size_(size),
      ahead_(ahead),
      pitch_(ahead + frames + behind),
      memory_(at::empty({rows * pitch_ + kRowsBeyond, size}, at::kBFloat16)),
      data_(static_cast<Bf16*>(memory_.mutable_data_ptr())) {
  for (int64_t row = 0; row < rows; ++row) clear(row, -ahead, ahead);
}

FrameBuffer::FrameBuffer(int64_t rows, int64_t frames, int64_t size, int64_t ahead)
    : FrameBuffer(rows, frames, size, ahead, /*behind=*/0) {}

FrameBuffer::FrameBuffer(const std::vector<int64_t>& lengths, int64_t frames, int64_t size,
                         int64_t around)
    : FrameBuffer(static_cast<int64_t>(lengths.size()), frames, size, around, around) {
  for (size_t row = 0; row < lengths.size(); ++row) {
    clear(static_cast<int64_t>(row), lengths[row], frames - lengths[row] + around);
  }
}

void FrameBuffer::clear(int64_t row, int64_t first, int64_t count) {
  std::memset(at(row, first), 0, static_cast<size_t>(count * size_) * sizeof(Bf16));
}

std::vector<FrameRange> divide_frames(const std::vector<int64_t>& lengths) {
  // Of whole tiles, and as many for each thread as for the others, as far as that goes. Larger
  // ranges read the weights less often, which is worth a few percent.
  const int64_t tile = frame_kernels()->tile_rows;
  constexpr double kWorthIt = 0.97;
  std::vector<FrameRange> best = ranges_of(lengths, kMaxRange);
  for (int64_t count = kMaxRange - tile; count >= kMaxRange / 2; count -= tile) {
    std::vector<FrameRange> ranges = ranges_of(lengths, count);
    const auto cost = [tile](const std::vector<FrameRange>& all) {
      return static_cast<double>(most_rows_of_a_thread(all, tile));
    };
    if (cost(ranges) < kWorthIt * cost(best)) best = std::move(ranges);
  }
  return best;
}

void for_each_range(const std::vector<FrameRange>& ranges,
                    const std::function<void(const FrameRange& range, int64_t thread)>& work) {
  for_each_part(static_cast<int64_t>(ranges.size()),
                [&](int64_t i) { work(ranges[static_cast<size_t>(i)], at::get_thread_num()); });
}

void self_attention(const FrameBuffer& qkv, const std::vector<int64_t>& lengths,
                    const FrameBuffer& out, int64_t first) {
  const int64_t size = out.size();
  attend(lengths, size, first, /*with_positions=*/false, [&](const Part& part) {
    const Bf16* q = qkv.at(part.row, 0) + part.column;
    return FrameAttention{q,
                          q + size,
                          q + 2 * size,
                          qkv.size(),
                          part.length,
                          nullptr,
                          nullptr,
                          0,
                          part.first,
                          part.last,
                          out.at(part.row, 0) + part.column,
                          size,
                          part.scratch};
  });
}

void relative_attention(const FrameBuffer& projected, const FrameBuffer& distances,
                        const std::vector<int64_t>& lengths, const FrameBuffer& out) {
  const int64_t size = out.size();
  const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  attend(lengths, size, 0, /*with_positions=*/true, [&](const Part& part) {
    const Bf16* q = projected.at(part.row, 0) + part.column;
    return FrameAttention{q,
                          q + 2 * size,
                          q + 3 * size,
                          projected.size(),
                          part.length,
                          q + size,
                          distances.at(0, longest - part.length) + part.column,
                          size,
                          part.first,
                          part.last,
                          out.at(part.row, 0) + part.column,
                          size,
                          part.scratch};
  });
}

}  // namespace chatterbox::nn::cpu
