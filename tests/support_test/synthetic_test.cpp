#include "support/synthetic/synthetic.h"

#include <gtest/gtest.h>

#include <cstring>

#include "support/crc32.h"
#include "support/status.h"

namespace chatterbox::testing {
namespace {

using checkpoint::TensorEntry;
using checkpoint::TensorFile;

struct Sums {
  size_t tensors;
  uint32_t bytes;  // CRC-32 of all data, in the order of the names
  uint32_t names;  // CRC-32 of the names, a newline between two
};

Sums sums(const TensorFile& file) {
  Sums result{file.entries().size(), 0, 0};
  for (const TensorEntry& entry : file.entries()) {
    result.bytes = crc32(entry.data, entry.bytes, result.bytes);
    const std::string name = (&entry == &file.entries().front() ? "" : "\n") + entry.name;
    result.names = crc32(name.data(), name.size(), result.names);
  }
  return result;
}

void expect_sums(const TensorFile& file, const Sums& expected) {
  const Sums actual = sums(file);
  EXPECT_EQ(actual.tensors, expected.tensors) << file.path();
  EXPECT_EQ(actual.bytes, expected.bytes) << file.path();
  EXPECT_EQ(actual.names, expected.names) << file.path();
}

// The sums are those of the files that the reference's numpy script writes with seed 0.
TEST(Synthetic, TinyHasTheReferencesBits) {
  expect_sums(*make_synthetic("t3_cfg", SyntheticSize::kTiny), {49, 0x759e1328, 0x563d8ab9});
  expect_sums(*make_synthetic("s3gen", SyntheticSize::kTiny), {1552, 0x17460846, 0x74e7823f});
  expect_sums(*make_synthetic("ve", SyntheticSize::kTiny), {16, 0x10c2d1fb, 0xe02edd2f});
}

TEST(Synthetic, TheTinyFamilyHasTheReferencesBits) {
  constexpr auto kTiny = SyntheticSize::kTiny;
  expect_sums(*make_synthetic("t3_mtl23ls_v2", kTiny), {49, 0x3cf5ea4a, 0x563d8ab9});
  expect_sums(*make_synthetic("t3_mtl23ls_v3", kTiny), {49, 0x1bd0fb3a, 0x563d8ab9});
  expect_sums(*make_synthetic("t3_turbo_v1", kTiny), {47, 0xb69915af, 0xcfcf2885});
  expect_sums(*make_synthetic("s3gen_meanflow", kTiny), {1553, 0x61c53cb7, 0xb4db5616});
}

TEST(Synthetic, FullVoiceEncoderHasTheReferencesBits) {
  expect_sums(*make_synthetic("ve", SyntheticSize::kFull), {16, 0x98058b91, 0xe02edd2f});
}

using TensorSums = std::vector<std::pair<const char*, uint32_t>>;  // name, CRC-32 of the data

void expect_tensors(const TensorFile& file, const TensorSums& expected) {
  for (const auto& [name, crc] : expected) {
    const TensorEntry* entry = file.find(name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_EQ(crc32(entry->data, entry->bytes), crc) << name;
  }
}

TEST(Synthetic, FullNanoHasTheReferencesBits) {
  const auto file = make_synthetic("t3_nano_v1", SyntheticSize::kFull);
  EXPECT_EQ(file->entries().size(), 155U);
  expect_tensors(*file, {{"tfmr.h.3.attn.c_attn.weight", 0xa2c2f2b8},
                         {"tfmr.h.0.mlp.c_proj.weight", 0x0f1977dd},
                         {"tfmr.wpe.weight", 0xc829ee75}});
}

// A tensor of each kind of scale, of the one gigabyte of the full S3Gen.
TEST(Synthetic, FullS3GenHasTheReferencesBits) {
  const auto file = make_synthetic("s3gen", SyntheticSize::kFull);
  EXPECT_EQ(file->entries().size(), 2488U);
  const TensorSums expected = {
      {"flow.input_embedding.weight", 0x70cd3b00},
      {"mel2wav.f0_predictor.classifier.bias", 0x6224803a},
      {"flow.encoder.encoders.3.feed_forward.w_2.weight", 0x482021a9},
      {"mel2wav.conv_pre.parametrizations.weight.original1", 0x394a93fd},
      {"speaker_encoder.xvector.dense.nonlinear.batchnorm.running_var", 0x59489978},
      {"tokenizer.encoder.blocks.5.mlp.2.weight", 0x2f7785bb},
  };
  expect_tensors(*file, expected);
}

TEST(Synthetic, SeedChangesTheWeightsOnly) {
  const auto zero = make_synthetic("ve", SyntheticSize::kTiny, 0);
  const auto one = make_synthetic("ve", SyntheticSize::kTiny, 1);
  const TensorEntry* a = zero->find("proj.weight");
  const TensorEntry* b = one->find("proj.weight");
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(a->shape, b->shape);
  EXPECT_NE(std::memcmp(a->data, b->data, a->bytes), 0);
}

TEST(Synthetic, UnknownFileIsRefused) {
  EXPECT_THROW(static_cast<void>(make_synthetic("t5", SyntheticSize::kTiny)), Error);
  EXPECT_THROW(static_cast<void>(make_synthetic("", SyntheticSize::kFull)), Error);
}

TEST(Synthetic, CompanionsAreWhole) {
  const std::string_view json = synthetic_tokenizer_json();
  EXPECT_EQ(json.size(), 15333U);
  EXPECT_EQ(json.front(), '{');
  for (const SyntheticSize size : {SyntheticSize::kTiny, SyntheticSize::kFull}) {
    EXPECT_EQ(synthetic_conds_pt(size).size(), 168248U);
    EXPECT_EQ(synthetic_conds_pt(size).substr(0, 4), "PK\x03\x04");
  }
  EXPECT_NE(synthetic_conds_pt(SyntheticSize::kTiny), synthetic_conds_pt(SyntheticSize::kFull));
}

}  // namespace
}  // namespace chatterbox::testing
