#include "s3gen/conformer.h"

#include <ATen/ops/silu.h>

#include <cmath>

#include "s3gen/frame_conformer.h"

namespace chatterbox::s3gen {
namespace {

constexpr double kLayerEps = 1e-12;  // transformer/encoder_layer.py

ConformerLayer read_layer(const nn::WeightReader& reader, int64_t size) {
  ConformerLayer layer;
  layer.attention_norm = nn::read_layer_norm(reader, "norm_mha", size, kLayerEps);
  layer.attention = read_relative_attention(reader.scope("self_attn"), size);
  layer.feed_forward_norm = nn::read_layer_norm(reader, "norm_ff", size, kLayerEps);
  layer.inner = nn::read_linear(reader, "feed_forward.w_1", -1, size);
  layer.outer = nn::read_linear(reader, "feed_forward.w_2", size, layer.inner.outputs());
  return layer;
}

}  // namespace

Conformer read_conformer(const nn::WeightReader& reader, std::string_view embed,
                         std::string_view layers, int64_t size) {
  const nn::WeightReader embedding = reader.scope(embed).scope("out");
  Conformer conformer;
  conformer.embed = nn::read_linear(embedding, "0", size, size);
  conformer.embed_norm = nn::read_layer_norm(embedding, "1", size);
  conformer.position_rates = position_rates(size).to(reader.placement().device);
  const int64_t count = reader.count(layers);
  for (int64_t i = 0; i < count; ++i) {
    conformer.layers.push_back(read_layer(reader.scope(layers, i), size));
  }
  if (runs_on_frame_kernels(reader.placement()) && fits_kernels(conformer)) {
    conformer.frames = std::make_shared<const FrameConformer>(pack_conformer(conformer));
    conformer.layers.clear();
  }
  return conformer;
}

at::Tensor embed(const Conformer& conformer, const at::Tensor& x) {
  const at::Tensor embedded = nn::linear(x, conformer.embed);
  return nn::layer_norm(embedded, conformer.embed_norm)
      .mul_(std::sqrt(static_cast<double>(x.size(-1))));
}

at::Tensor run_layers(const Conformer& conformer, at::Tensor x, const FrameMask& mask) {
  if (conformer.frames) return run_layers(*conformer.frames, x, mask.lengths);
  const at::Tensor padding = attention_padding(mask, x.scalar_type());
  const at::Tensor positions =
      relative_positions(x.size(1), conformer.position_rates, x.scalar_type());
  for (const ConformerLayer& layer : conformer.layers) {
    const at::Tensor normed = nn::layer_norm(x, layer.attention_norm);
    x = x.add(attend(layer.attention, normed, positions, padding));
    const at::Tensor inner =
        at::silu(nn::linear(nn::layer_norm(x, layer.feed_forward_norm), layer.inner));
    nn::add_linear(x, inner, layer.outer);
  }
  return x;
}

}  // namespace chatterbox::s3gen
