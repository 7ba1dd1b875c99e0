#include "voice/s3_tokenizer.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tanh.h>

#include <string_view>

#include "support/error.h"

namespace chatterbox::voice {
namespace {

// s3tokenizer.model_v2
constexpr int64_t kMels = 128;
constexpr int64_t kHeadSize = 64;
constexpr int64_t kMaxFrames = 3000;
constexpr double kRotaryBase = 10000.0;
constexpr double kLayerNormEps = 1e-5;
constexpr int64_t kCodeSize = 8;
constexpr double kCodeScale = 0.9990000128746033;  // keeps tanh(x) = 1 below the edge of rounding

using Affine = S3Tokenizer::Affine;

at::Tensor linear(const at::Tensor& x, const Affine& a) { return at::linear(x, a.weight, a.bias); }

at::Tensor layer_norm(const at::Tensor& x, const Affine& a) {
  return at::layer_norm(x, {x.size(-1)}, a.weight, a.bias, kLayerNormEps);
}

// What a batch of rows of different lengths needs in the attention blocks.
struct Masks {
  at::Tensor live;  // float [B, T, 1], undefined where no row is shorter than another
  at::Tensor keys;  // bool [B, 1, 1, T], likewise
};

Masks make_masks(const at::Tensor& lengths, int64_t frames) {
  if (lengths.eq(frames).all().item<bool>()) return {};
  const at::Tensor live = at::arange(frames, lengths.options()).lt(lengths.unsqueeze(1));
  return {live.unsqueeze(2).to(at::kFloat), live.unsqueeze(1).unsqueeze(2)};
}

at::Tensor masked(const at::Tensor& x, const at::Tensor& live) {
  return live.defined() ? at::mul(x, live) : x;
}

struct Rotary {
  at::Tensor cos, sin;  // [T, 1, 64], the halves equal
};

Rotary make_rotary(int64_t frames, const at::TensorOptions& options) {
  const at::Tensor exponent = at::arange(0, kHeadSize, 2, at::kFloat).div_(double{kHeadSize});
  const at::Tensor frequencies = at::pow(kRotaryBase, exponent).reciprocal_();
  const at::Tensor half = at::outer(at::arange(frames, at::kFloat), frequencies);
  const at::Tensor angles = at::cat({half, half}, 1).unsqueeze(1);
  return {at::cos(angles).to(options), at::sin(angles).to(options)};
}

at::Tensor rotate(const at::Tensor& x, const Rotary& rotary) {  // [B, T, H, 64]
  const at::Tensor left = x.narrow(3, 0, kHeadSize / 2);
  const at::Tensor right = x.narrow(3, kHeadSize / 2, kHeadSize / 2);
  return at::mul(x, rotary.cos).addcmul_(at::cat({right.neg(), left}, 3), rotary.sin);
}

// A depthwise convolution over time with a residual. [B, T, C]
at::Tensor memory(const at::Tensor& values, const at::Tensor& weight, const at::Tensor& live) {
  const at::Tensor v = masked(values, live);
  const at::Tensor convolved = at::conv1d(v.transpose(1, 2), weight, {}, /*stride=*/1,
                                          /*padding=*/(weight.size(2) - 1) / 2, /*dilation=*/1,
                                          /*groups=*/weight.size(0));
  return masked(convolved.transpose(1, 2).add(v), live);
}

at::Tensor attention(const S3Tokenizer::Block& block, const at::Tensor& x, const Rotary& rotary,
                     const Masks& masks) {  // [B, T, C]
  const auto heads = [&x](const at::Tensor& y) {
    return y.view({x.size(0), x.size(1), -1, kHeadSize});
  };
  const at::Tensor query = rotate(heads(linear(x, block.query)), rotary).transpose(1, 2);
  const at::Tensor key = rotate(heads(linear(x, block.key)), rotary).transpose(1, 2);
  const at::Tensor value = linear(x, block.value);
  const at::Tensor mixed = at::scaled_dot_product_attention(
      query, key, heads(value).transpose(1, 2),
      masks.keys.defined() ? std::optional<at::Tensor>(masks.keys) : std::nullopt);
  return linear(mixed.transpose(1, 2).reshape(x.sizes()), block.out)
      .add_(memory(value, block.fsmn, masks.live));
}

// One convolution with stride 2. `lengths` becomes those of its output. [B, C, T]
at::Tensor halve(const at::Tensor& x, const Affine& conv, at::Tensor& lengths) {
  const at::Tensor live = make_masks(lengths, x.size(2)).live;
  lengths = lengths.sub(1).div(2, "floor").add_(1);
  const at::Tensor input = live.defined() ? at::mul(x, live.transpose(1, 2)) : x;
  return at::gelu(at::conv1d(input, conv.weight, conv.bias, /*stride=*/2, /*padding=*/1));
}

Affine read(const nn::WeightReader& reader, std::string_view name, int64_t out, int64_t in,
            bool bias = true) {
  const nn::WeightReader scope = reader.scope(name);
  return {scope.get("weight", {out, in}), bias ? scope.get("bias", {out}) : at::Tensor()};
}

Affine read_norm(const nn::WeightReader& reader, std::string_view name, int64_t size) {
  const nn::WeightReader scope = reader.scope(name);
  return {scope.get("weight", {size}), scope.get("bias", {size})};
}

Affine read_conv(const nn::WeightReader& reader, std::string_view name, int64_t out, int64_t in) {
  const nn::WeightReader scope = reader.scope(name);
  return {scope.get("weight", {out, in, 3}), scope.get("bias", {out})};
}

S3Tokenizer::Block read_block(const nn::WeightReader& reader, int64_t size) {
  const int64_t inner = reader.dim("mlp.0.weight", 0);
  S3Tokenizer::Block block;
  block.attn_ln = read_norm(reader, "attn_ln", size);
  block.query = read(reader, "attn.query", size, size);
  block.key = read(reader, "attn.key", size, size, /*bias=*/false);
  block.value = read(reader, "attn.value", size, size);
  block.out = read(reader, "attn.out", size, size);
  block.fsmn = reader.get("attn.fsmn_block.weight", {size, 1, -1});
  block.mlp_ln = read_norm(reader, "mlp_ln", size);
  block.mlp_in = read(reader, "mlp.0", inner, size);
  block.mlp_out = read(reader, "mlp.2", size, inner);
  return block;
}

}  // namespace

S3Tokenizer load_s3_tokenizer(const nn::WeightReader& reader) {
  // Buffers of the mel front end that some checkpoints carry; both are computed here.
  for (const char* buffer : {"_mel_filters", "window"}) {
    if (reader.has(buffer)) reader.ignore(buffer);
  }
  const nn::WeightReader encoder = reader.scope("encoder");
  const int64_t size = encoder.dim("conv1.weight", 0);
  S3Tokenizer tokenizer;
  tokenizer.conv1 = read_conv(encoder, "conv1", size, kMels);
  tokenizer.conv2 = read_conv(encoder, "conv2", size, size);
  for (int64_t i = 0; i < encoder.count("blocks"); ++i) {
    tokenizer.blocks.push_back(read_block(encoder.scope("blocks", i), size));
  }
  tokenizer.project_down = read(reader, "quantizer._codebook.project_down", kCodeSize, size);
  return tokenizer;
}

at::Tensor quantise(const at::Tensor& projected) {
  // Three levels for each of the eight numbers: digits of a number in base 3, the lowest first.
  const at::Tensor digits = at::tanh(projected).mul_(kCodeScale).round_().add_(1.0);
  const at::Tensor powers = at::pow(3.0, at::arange(kCodeSize, projected.options()));
  return digits.mul_(powers).sum(-1).to(at::kLong);
}

S3Tokens s3_tokens(const S3Tokenizer& tokenizer, const at::Tensor& mels,
                   const at::Tensor& lengths) {
  if (mels.size(2) > kMaxFrames) {
    fail(Status::kBadAudio, "the S3 tokenizer takes at most {} mel frames (30 s) at a time, got {}",
         kMaxFrames, mels.size(2));
  }
  at::Tensor live = lengths.to(mels.device());
  at::Tensor x = halve(mels, tokenizer.conv1, live);
  x = halve(x, tokenizer.conv2, live).transpose(1, 2).contiguous();  // [B, T/4, C]
  const Rotary rotary = make_rotary(x.size(1), x.options());
  const Masks masks = make_masks(live, x.size(1));
  for (const S3Tokenizer::Block& block : tokenizer.blocks) {
    x = x.add(attention(block, layer_norm(x, block.attn_ln), rotary, masks));
    const at::Tensor inner = at::gelu(linear(layer_norm(x, block.mlp_ln), block.mlp_in));
    x = x.add_(linear(inner, block.mlp_out));
  }
  return {quantise(linear(x, tokenizer.project_down)), live};
}

}  // namespace chatterbox::voice
