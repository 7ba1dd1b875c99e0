// Speech tokens (25 a second, 6561 kinds) from 16 kHz speech: the encoder of S3 tokenizer v2
// (CosyVoice 2, arXiv:2412.10117): two strided convolutions, attention blocks with rotary positions
// and a feedforward sequential memory (FSMN), and finite scalar quantisation.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/layer_norm.h"
#include "nn/weight_reader.h"

namespace chatterbox::voice {

struct S3Tokenizer {
  struct Affine {
    at::Tensor weight;
    at::Tensor bias;  // undefined: none
  };
  struct Block {
    nn::LayerNorm attn_ln;
    Affine query, key, value, out;
    at::Tensor memory;  // [31, C], the FSMN's taps
    nn::LayerNorm mlp_ln;
    Affine mlp_in, mlp_out;
  };
  Affine conv1;  // [C, 128, 3]
  Affine conv2;  // [C, C, 3]
  std::vector<Block> blocks;
  Affine project_down;  // [8, C]
};

// `reader`: the scope "tokenizer".
[[nodiscard]] S3Tokenizer load_s3_tokenizer(const nn::WeightReader& reader);

// The tokenizer in parts, a third of a block each: half a minute takes it two seconds on two cores.
class S3TokenRun {
 public:
  // As of s3_tokens().
  S3TokenRun(const S3Tokenizer& tokenizer, const std::vector<at::Tensor>& mels);

  bool next();  // the next part; whether it was the last
  [[nodiscard]] const std::vector<at::Tensor>& tokens() const { return tokens_; }

 private:
  // Clips one after the other, as rows of one matrix: they share the large products and nothing
  // else.
  struct Clips {
    std::vector<int64_t> tokens;  // rows of each
    at::Tensor cos, sin;          // of each row's position in its clip, [R, 1, 32]
  };
  enum class Part { kConvolutions, kAttention, kMlpIn, kMlpOut };

  void convolve();
  void attend(const S3Tokenizer::Block& block);

  const S3Tokenizer* tokenizer_;
  std::vector<at::Tensor> mels_;
  Part part_ = Part::kConvolutions;
  size_t block_ = 0;
  Clips clips_;
  at::Tensor x_, inner_;  // [R, C], and within a block's MLP
  std::vector<at::Tensor> tokens_;
};

// Log mels [128, T] of one or more clips, T from 1 to 3000 (30 s) -> int64 [ceil(T / 4)] of each.
[[nodiscard]] std::vector<at::Tensor> s3_tokens(const S3Tokenizer& tokenizer,
                                                const std::vector<at::Tensor>& mels);

// Finite scalar quantisation: projections [..., 8] to ids in [0, 3^8).
[[nodiscard]] at::Tensor quantise(const at::Tensor& projected);

}  // namespace chatterbox::voice
