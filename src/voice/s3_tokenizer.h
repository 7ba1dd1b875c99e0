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

// Log mels [128, T] of one or more clips, T from 1 to 3000 (30 s) -> int64 [ceil(T / 4)] of each.
[[nodiscard]] std::vector<at::Tensor> s3_tokens(const S3Tokenizer& tokenizer,
                                                const std::vector<at::Tensor>& mels);

// Finite scalar quantisation: projections [..., 8] to ids in [0, 3^8).
[[nodiscard]] at::Tensor quantise(const at::Tensor& projected);

}  // namespace chatterbox::voice
