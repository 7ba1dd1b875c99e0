#include "nn/cpu/conv.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

#include "nn/cpu/each_part.h"

namespace chatterbox::nn::cpu {
namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Rows of a convolution that read no frame outside of their input.
struct Part {
  ConvArgs args;
  int64_t rows;
};

ConvArgs arguments(const Convolution& c) {
  const PackedConv& layer = *c.layer;
  ConvArgs args{};
  args.x_stride = c.stride * layer.depth;
  args.taps = layer.taps;
  args.tap_stride = c.dilation * layer.depth;
  args.depth = layer.depth;
  if (c.dilation == 1) {  // the taps' inputs lie together
    args.depth *= args.taps;
    args.taps = 1;
  }
  args.weight = layer.weight.const_data_ptr<float>();
  args.bias = layer.bias.defined() ? layer.bias.const_data_ptr<float>() : nullptr;
  args.outputs = layer.outputs;
  args.y_stride = c.y_stride;
  return args;
}

// Divides convolutions into their parts; of the frames at the ends it makes padded copies.
class Parts {
 public:
  void add(const Convolution& c) {
    const int64_t reach = (c.layer->taps - 1) * c.dilation;
    // The first frame that reads none before the input, and the first that reads one behind it.
    const int64_t first = std::min(divide_up(c.before, c.stride), c.y_frames);
    const int64_t readable = c.x_frames - reach + c.before;
    const int64_t end = std::clamp(divide_up(readable, c.stride), first, c.y_frames);
    add_padded(c, 0, readable > 0 ? first : c.y_frames);
    if (readable <= 0) return;
    add_part(c, c.x + (first * c.stride - c.before) * c.layer->depth, first, end);
    add_padded(c, end, c.y_frames);
  }
  [[nodiscard]] const std::vector<Part>& all() const { return parts_; }

 private:
  void add_part(const Convolution& c, const float* x, int64_t first, int64_t end) {
    if (first >= end) return;
    ConvArgs args = arguments(c);
    args.x = x;
    args.y = c.y + first * c.y_stride;
    parts_.push_back({args, end - first});
  }

  void add_padded(const Convolution& c, int64_t first, int64_t end) {
    if (first >= end) return;
    const int64_t depth = c.layer->depth;
    const int64_t begin = first * c.stride - c.before;
    const int64_t frames = (end - 1 - first) * c.stride + (c.layer->taps - 1) * c.dilation + 1;
    copies_.push_back(at::zeros({frames, depth}, at::kFloat));
    auto* to = copies_.back().mutable_data_ptr<float>();
    const int64_t from = std::clamp<int64_t>(begin, 0, c.x_frames);
    const int64_t until = std::clamp<int64_t>(begin + frames, from, c.x_frames);
    std::copy(c.x + from * depth, c.x + until * depth, to + (from - begin) * depth);
    add_part(c, to, first, end);
  }

  std::vector<Part> parts_;
  std::vector<at::Tensor> copies_;
};

// Rows of a part and a panel of its outputs.
struct Work {
  const Part* part;
  int64_t panel, begin, end;
};

std::vector<Work> divide(const std::vector<Part>& parts) {
  constexpr int64_t kRows = 96;  // whose inputs stay in the cache from panel to panel
  std::vector<Work> all;
  for (const Part& part : parts) {
    const int64_t panels = divide_up(part.args.outputs, kConvPanel);
    for (int64_t begin = 0; begin < part.rows; begin += kRows) {
      const int64_t end = std::min(begin + kRows, part.rows);
      for (int64_t panel = 0; panel < panels; ++panel) all.push_back({&part, panel, begin, end});
    }
  }
  return all;
}

}  // namespace

bool has_fast_convolutions() { return supported(Isa::kAvx2); }

PackedConv pack_convolution(const at::Tensor& weight, const at::Tensor& bias) {
  PackedConv packed;
  packed.outputs = weight.size(0);
  packed.depth = weight.size(1);
  packed.taps = weight.size(3);
  packed.bias = bias;
  const int64_t panels = divide_up(packed.outputs, kConvPanel);
  packed.weight =
      at::constant_pad_nd(weight, {0, 0, 0, 0, 0, 0, 0, panels * kConvPanel - packed.outputs})
          .view({panels, kConvPanel, packed.depth, packed.taps})
          .permute({0, 3, 2, 1})
          .contiguous();
  return packed;
}

void convolve(const std::vector<Convolution>& convolutions) {
  Parts parts;
  for (const Convolution& one : convolutions) parts.add(one);
  const std::vector<Work> work = divide(parts.all());
  const Kernels& variant = kernels();
  for_each_part(static_cast<int64_t>(work.size()), [&](int64_t i) {
    const Work& one = work[static_cast<size_t>(i)];
    variant.conv(one.part->args, one.panel, one.begin, one.end);
  });
}

}  // namespace chatterbox::nn::cpu
