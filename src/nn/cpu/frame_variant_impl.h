// The kernels of the including source's unit, in one table.
#pragma once

#include "nn/cpu/frame_attention_impl.h"
#include "nn/cpu/frame_norm_impl.h"
#include "nn/cpu/frame_product_impl.h"

namespace chatterbox::nn::cpu {
namespace {

const FrameKernels kTheseFrameKernels{Unit::kRows,
                                      product<Product>,
                                      product_gelu<Product>,
                                      product_silu<Product>,
                                      product_fp32<Product>,
                                      product_add<Product>,
                                      norm,
                                      norm_mish,
                                      norm_mish_add,
                                      narrow,
                                      frame_attention,
                                      attention_scratch};

}  // namespace
}  // namespace chatterbox::nn::cpu
