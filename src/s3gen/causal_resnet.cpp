#include "s3gen/causal_resnet.h"

#include <ATen/ops/mish.h>

#include "s3gen/causal_conv.h"

namespace chatterbox::s3gen {
namespace {

constexpr int64_t kKernel = 3;  // decoder.py, CausalBlock1D

at::Tensor activate(const CausalBlock& block, const at::Tensor& convolved) {
  at::Tensor x = nn::layer_norm(convolved, block.norm);
  return at::mish_(x);
}

}  // namespace

CausalBlock read_causal_block(const nn::WeightReader& reader, int64_t out, int64_t in) {
  const nn::WeightReader block = reader.scope("block");
  return {read_unpadded_conv(block.scope("0"), out, in, kKernel),
          nn::read_layer_norm(block, "2", out)};
}

CausalResnet read_causal_resnet(const nn::WeightReader& reader, int64_t in, int64_t time_size) {
  CausalResnet resnet;
  const int64_t out = reader.dim("block1.block.0.weight", 0);
  resnet.time = nn::read_linear(reader, "mlp.1", out, time_size);
  resnet.block1 = read_causal_block(reader.scope("block1"), out, in);
  resnet.block2 = read_causal_block(reader.scope("block2"), out, out);
  const nn::WeightReader shortcut = reader.scope("res_conv");  // of kernel 1
  resnet.shortcut = nn::make_linear(shortcut.get("weight", {out, in, 1}).squeeze(2),
                                    shortcut.get("bias", {out}), reader.placement());
  return resnet;
}

at::Tensor run(const CausalBlock& block, const at::Tensor& x, FrameHistory& history) {
  return activate(block, causal_conv(block.conv, x, history));
}

at::Tensor time_shift(const CausalResnet& resnet, const at::Tensor& embedding) {
  return nn::linear(at::mish(embedding), resnet.time);
}

at::Tensor run(const CausalResnet& resnet, const at::Tensor& x, const at::Tensor& shift,
               FrameHistory& history) {
  const at::Tensor convolved = causal_conv(resnet.block1.conv, x, history);
  return run_after_input(resnet, convolved, nn::linear(x, resnet.shortcut), shift, history);
}

at::Tensor run_after_input(const CausalResnet& resnet, const at::Tensor& convolved,
                           const at::Tensor& shortcut, const at::Tensor& shift,
                           FrameHistory& history) {
  const at::Tensor hidden = activate(resnet.block1, convolved).add_(shift);
  return run(resnet.block2, hidden, history).add_(shortcut);
}

}  // namespace chatterbox::s3gen
