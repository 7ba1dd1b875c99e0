#include "s3gen/causal_conv.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>

#include "nn/linear.h"

namespace chatterbox::s3gen {

FrameConv read_unpadded_conv(const nn::WeightReader& reader, int64_t out, int64_t in,
                             int64_t kernel) {
  const nn::Placement& placement = reader.placement();
  const nn::WeightReader typed = reader.with({placement.device, nn::activation_type(placement)});
  FrameConv layer;
  layer.weight = to_frames(typed.get("weight", {out, in, kernel}));
  layer.bias = typed.get("bias", {out});
  return layer;
}

at::Tensor padded_conv(const FrameConv& layer, const at::Tensor& x, int64_t before, int64_t after) {
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, before, after});
  return conv(layer, padded.transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2);
}

at::Tensor causal_conv(const FrameConv& layer, const at::Tensor& x) {
  return padded_conv(layer, x, layer.weight.size(3) - 1, 0);
}

at::Tensor causal_conv(const FrameConv& layer, const at::Tensor& x, FrameHistory& history) {
  const int64_t seen = layer.weight.size(3) - 1;
  if (history.keeps()) history.keep(x.narrow(1, x.size(1) - seen, seen));
  const at::Tensor before = history.next();
  return before.defined() ? padded_conv(layer, at::cat({before, x}, 1), 0, 0)
                          : causal_conv(layer, x);
}

}  // namespace chatterbox::s3gen
