#include "voice/s3_tokenizer.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tanh.h>

#include <string_view>
#include <vector>

#include "nn/rope.h"
#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox::voice {
namespace {

// s3tokenizer.model_v2
constexpr int64_t kMels = 128;
constexpr int64_t kHeadSize = 64;
constexpr int64_t kMemoryTaps = 31;
constexpr int64_t kMaxFrames = 3000;
constexpr double kRotaryBase = 10000.0;
constexpr int64_t kCodeSize = 8;
constexpr double kCodeScale = 0.9990000128746033;  // keeps tanh(x) = 1 below the edge of rounding

using Affine = S3Tokenizer::Affine;

at::Tensor linear(const at::Tensor& x, const Affine& a) {
  interruption_point();
  return at::linear(x, a.weight, a.bias);
}

// The positions of clips one after the other, as angles. [R, 1, 32]
at::Tensor angles_of(const std::vector<int64_t>& tokens) {
  std::vector<at::Tensor> positions;
  positions.reserve(tokens.size());
  for (const int64_t count : tokens) positions.push_back(at::arange(count, at::kFloat));
  const at::Tensor exponent = at::arange(0, kHeadSize, 2, at::kFloat).div_(double{kHeadSize});
  const at::Tensor frequencies = at::pow(kRotaryBase, exponent).reciprocal_();
  return at::outer(at::cat(positions), frequencies).unsqueeze(1);
}

// Every token of one clip attends to all of them. [T, H, 64] -> [T, H * 64]
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  interruption_point();
  const auto heads_first = [](const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); };
  const at::Tensor mixed =
      at::scaled_dot_product_attention(heads_first(query), heads_first(key), heads_first(value));
  return mixed.squeeze(0).transpose(0, 1).flatten(1);
}

// A depthwise convolution over one clip's time with a residual, tap by tap: so few products are
// cheaper in this layout than at::conv1d is with its own. [T, C]
at::Tensor memory(const at::Tensor& values, const at::Tensor& taps) {
  const int64_t reach = (taps.size(0) - 1) / 2;
  const at::Tensor padded = at::constant_pad_nd(values, {0, 0, reach, reach});
  at::Tensor sum = values.clone();
  for (int64_t i = 0; i < taps.size(0); ++i) {
    sum.addcmul_(padded.narrow(0, i, values.size(0)), taps.select(0, i));
  }
  return sum;
}

// The two convolutions of stride 2. [128, T] -> [T/4, C]
at::Tensor quarter(const S3Tokenizer& tokenizer, const at::Tensor& mel) {
  at::Tensor x = mel.unsqueeze(0);
  for (const Affine* conv : {&tokenizer.conv1, &tokenizer.conv2}) {
    interruption_point();
    x = at::gelu(at::conv1d(x, conv->weight, conv->bias, /*stride=*/2, /*padding=*/1));
  }
  return x.squeeze(0).t();
}

Affine read(const nn::WeightReader& reader, std::string_view name, int64_t out, int64_t in,
            bool bias = true) {
  const nn::WeightReader scope = reader.scope(name);
  return {scope.get("weight", {out, in}), bias ? scope.get("bias", {out}) : at::Tensor()};
}

Affine read_conv(const nn::WeightReader& reader, std::string_view name, int64_t out, int64_t in) {
  const nn::WeightReader scope = reader.scope(name);
  return {scope.get("weight", {out, in, 3}), scope.get("bias", {out})};
}

S3Tokenizer::Block read_block(const nn::WeightReader& reader, int64_t size) {
  const int64_t inner = reader.dim("mlp.0.weight", 0);
  S3Tokenizer::Block block;
  block.attn_ln = nn::read_layer_norm(reader, "attn_ln", size);
  block.query = read(reader, "attn.query", size, size);
  block.key = read(reader, "attn.key", size, size, /*bias=*/false);
  block.value = read(reader, "attn.value", size, size);
  block.out = read(reader, "attn.out", size, size);
  block.memory = reader.get("attn.fsmn_block.weight", {size, 1, kMemoryTaps}).squeeze(1).t();
  block.memory = block.memory.contiguous();
  block.mlp_ln = nn::read_layer_norm(reader, "mlp_ln", size);
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

S3TokenRun::S3TokenRun(const S3Tokenizer& tokenizer, const std::vector<at::Tensor>& mels)
    : tokenizer_(&tokenizer), mels_(mels) {
  for (const at::Tensor& mel : mels) {
    if (mel.size(1) > kMaxFrames) {
      fail(Status::kBadAudio,
           "the S3 tokenizer takes at most {} mel frames (30 s) at a time, got {}", kMaxFrames,
           mel.size(1));
    }
  }
}

void S3TokenRun::convolve() {
  std::vector<at::Tensor> rows;
  for (const at::Tensor& mel : mels_) {
    rows.push_back(quarter(*tokenizer_, mel));
    clips_.tokens.push_back(rows.back().size(0));
  }
  const at::Tensor angles = angles_of(clips_.tokens);
  clips_.cos = at::cos(angles).to(rows.front().device());
  clips_.sin = at::sin(angles).to(rows.front().device());
  x_ = at::cat(rows);
}

void S3TokenRun::attend(const S3Tokenizer::Block& block) {
  const auto heads = [](const at::Tensor& y) { return y.view({y.size(0), -1, kHeadSize}); };
  const auto split = [this](const at::Tensor& y) { return y.split_with_sizes(clips_.tokens); };
  const auto rotate = [this](const at::Tensor& y) {
    return nn::apply_rope(y, clips_.cos, clips_.sin);
  };
  const at::Tensor x = nn::layer_norm(x_, block.attn_ln);
  const auto queries = split(rotate(heads(linear(x, block.query))));
  const auto keys = split(rotate(heads(linear(x, block.key))));
  const auto values = split(linear(x, block.value));
  std::vector<at::Tensor> mixed, remembered;
  for (size_t i = 0; i < values.size(); ++i) {
    mixed.push_back(attention(queries[i], keys[i], heads(values[i])));
    remembered.push_back(memory(values[i], block.memory));
  }
  x_ = linear(at::cat(mixed), block.out).add_(at::cat(remembered)).add_(x_);
}

bool S3TokenRun::next() {
  if (part_ == Part::kConvolutions) {
    convolve();
    part_ = Part::kAttention;
  } else {
    const S3Tokenizer::Block& block = tokenizer_->blocks[block_];
    if (part_ == Part::kAttention) {
      attend(block);
      part_ = Part::kMlpIn;
    } else if (part_ == Part::kMlpIn) {
      inner_ = linear(nn::layer_norm(x_, block.mlp_ln), block.mlp_in);
      interruption_point();
      inner_ = at::gelu(inner_);
      part_ = Part::kMlpOut;
    } else {
      x_ = x_.add_(linear(inner_, block.mlp_out));
      part_ = Part::kAttention;
      ++block_;
    }
  }
  if (part_ != Part::kAttention || block_ < tokenizer_->blocks.size()) return false;
  tokens_ = quantise(linear(x_, tokenizer_->project_down)).split_with_sizes(clips_.tokens);
  return true;
}

std::vector<at::Tensor> s3_tokens(const S3Tokenizer& tokenizer,
                                  const std::vector<at::Tensor>& mels) {
  S3TokenRun run(tokenizer, mels);
  while (!run.next()) {
  }
  return run.tokens();
}

}  // namespace chatterbox::voice
