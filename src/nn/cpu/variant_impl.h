// The kernels of the including source's variant, in one table.
#pragma once

#include "nn/cpu/block_attention_impl.h"
#include "nn/cpu/conv_impl.h"
#include "nn/cpu/kernels_impl.h"
#include "nn/cpu/self_attention_impl.h"

namespace chatterbox::nn::cpu {
namespace {

const Kernels kThisVariant{{linear<float>, linear_gelu<float>, swiglu<float>, attention<float>},
                           {linear<Bf16>, linear_gelu<Bf16>, swiglu<Bf16>, attention<Bf16>},
                           false,
                           rms_norm,
                           block_attention,
                           self_attention,
                           self_attention_scratch,
                           conv};

}  // namespace
}  // namespace chatterbox::nn::cpu
