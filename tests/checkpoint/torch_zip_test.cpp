#include "checkpoint/torch_zip.h"

#include <gtest/gtest.h>

#include <cstring>

#include "checkpoint/damage.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/tensor_values.h"
#include "checkpoint/torch_bytes.h"
#include "support/status.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox::checkpoint {
namespace {

using namespace testing::pickle;
using testing::bytes_of;
using testing::Strided;
using testing::torch_file;
using testing::torch_tensor;
using testing::values;

constexpr auto kParse = [](const std::string& bytes, const std::string& name) {
  return parse_torch_zip(bytes.data(), bytes.size(), name);
};

// The reference saved the same tensors into conds.pt and, by safetensors, into the goldens. Its mel
// is a transposed view there, [1, 500, 80] with strides (40000, 1, 500).
void expect_golden_voice(testing::SyntheticSize size, const std::string& golden_name) {
  SCOPED_TRACE(golden_name);
  const std::string_view bytes = testing::synthetic_conds_pt(size);
  const auto file = parse_torch_zip(bytes.data(), bytes.size(), "conds.pt");
  const auto golden =
      open_safetensors(std::string(CHATTERBOX_TEST_DATA) + "/golden/" + golden_name);
  const std::pair<const char*, const char*> names[] = {
      {"t3.speaker_emb", "voice.speaker_emb"},
      {"t3.cond_prompt_speech_tokens", "voice.cond_prompt_speech_tokens"},
      {"gen.prompt_token", "voice.gen.prompt_token"},
      {"gen.prompt_token_len", "voice.gen.prompt_token_len"},
      {"gen.prompt_feat", "voice.gen.prompt_feat"},
      {"gen.embedding", "voice.gen.embedding"}};
  EXPECT_EQ(file->entries().size(), 7U);
  for (const auto& [name, golden_tensor] : names) {
    const TensorEntry* actual = file->find(name);
    const TensorEntry* expected = golden->find(golden_tensor);
    ASSERT_TRUE(actual != nullptr && expected != nullptr) << name;
    EXPECT_EQ(actual->dtype, expected->dtype) << name;
    EXPECT_EQ(actual->shape, expected->shape) << name;
    ASSERT_EQ(actual->bytes, expected->bytes) << name;
    EXPECT_EQ(std::memcmp(actual->data, expected->data, actual->bytes), 0) << name;
  }
  EXPECT_EQ(file->find("t3.emotion_adv")->shape, (std::vector<int64_t>{1, 1, 1}));
  EXPECT_EQ(values<float>(*file, "t3.emotion_adv"), std::vector<float>{0.5F});
  EXPECT_EQ(file->find("t3.clap_emb"), nullptr);  // None
}

TEST(TorchZip, RealFilesHoldTheGoldensVoice) {
  expect_golden_voice(testing::SyntheticSize::kTiny, "en_tiny_default.safetensors");
  expect_golden_voice(testing::SyntheticSize::kFull, "en_full_default.safetensors");
}

// A few by eye, as Python's struct.unpack reads them in the archive's records.
TEST(TorchZip, RealFileByHand) {
  const std::string_view bytes = testing::synthetic_conds_pt(testing::SyntheticSize::kTiny);
  const auto file = parse_torch_zip(bytes.data(), bytes.size(), "conds.pt");
  const auto tokens = values<int64_t>(*file, "t3.cond_prompt_speech_tokens");
  ASSERT_EQ(tokens.size(), 150U);
  EXPECT_EQ(tokens[0], 959);
  EXPECT_EQ(tokens[1], 5796);
  EXPECT_EQ(tokens[149], 5747);
  EXPECT_EQ(values<float>(*file, "t3.speaker_emb")[0], 0.10983321F);
  const auto mel = values<float>(*file, "gen.prompt_feat");
  ASSERT_EQ(mel.size(), 40000U);
  EXPECT_EQ(mel[0], -4.1334233F);  // the record's elements 0, 500 and 1
  EXPECT_EQ(mel[1], -2.8085043F);
  EXPECT_EQ(mel[80], -4.685635F);
}

TEST(TorchZip, NamesFollowTheWayThroughTheTree) {
  const std::string tensor = torch_tensor("FloatStorage", 1, {}, "0");
  const auto file =
      kParse(torch_file(dict({text("list"), list({tensor, tuple({tensor})}), text("deep"),
                              dict({text("er"), tensor, text("number"), number(-3)}), text("flag"),
                              "\x88", text("real"), std::string("G\x3f\xe0\0\0\0\0\0\0", 9),
                              text("word"), text("ignored"), text("none"), "N"}),
                        {bytes_of<float>({2.5F})}),
             "x");
  std::vector<std::string> names;
  for (const TensorEntry& entry : file->entries()) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"deep.er", "list.0", "list.1.0"}));
  EXPECT_EQ(values<float>(*file, "list.1.0"), std::vector<float>{2.5F});
  EXPECT_EQ(file->number("deep.number"), -3);
  EXPECT_EQ(file->number("flag"), 1);
  EXPECT_EQ(file->number("real"), 0.5);
  EXPECT_EQ(file->number("word"), std::nullopt);
  EXPECT_EQ(file->number("none"), std::nullopt);
  EXPECT_EQ(file->number("deep.er"), std::nullopt);
}

TEST(TorchZip, EveryStorageType) {
  const std::pair<const char*, DType> types[] = {
      {"FloatStorage", DType::kFloat32},     {"HalfStorage", DType::kFloat16},
      {"BFloat16Storage", DType::kBFloat16}, {"DoubleStorage", DType::kFloat64},
      {"LongStorage", DType::kInt64},        {"IntStorage", DType::kInt32},
      {"ShortStorage", DType::kInt16},       {"CharStorage", DType::kInt8},
      {"ByteStorage", DType::kUInt8},        {"BoolStorage", DType::kBool}};
  for (const auto& [type, dtype] : types) {
    const auto file = kParse(torch_file(dict({text("w"), torch_tensor(type, 3, {{3}, {1}}, "0")}),
                                        {std::string(3 * item_size(dtype), '\x01')}),
                             "x");
    ASSERT_NE(file->find("w"), nullptr) << type;
    EXPECT_EQ(file->find("w")->dtype, dtype) << type;
    EXPECT_EQ(file->find("w")->bytes, 3 * item_size(dtype)) << type;
  }
}

// 0 1 2
// 3 4 5, as six int16.
TEST(TorchZip, StridesAndOffsetsPickTheRightElements) {
  const std::string storage = bytes_of<int16_t>({0, 1, 2, 3, 4, 5});
  const auto read = [&](const Strided& view) {
    const std::string tensor = torch_tensor("ShortStorage", 6, view, "0");
    return values<int16_t>(*kParse(torch_file(dict({text("w"), tensor}), {storage}), "x"), "w");
  };
  using Numbers = std::vector<int16_t>;
  EXPECT_EQ(read({{2, 3}, {3, 1}}), (Numbers{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(read({{3, 2}, {1, 3}}), (Numbers{0, 3, 1, 4, 2, 5}));          // transposed
  EXPECT_EQ(read({{2, 2}, {3, 1}, 1}), (Numbers{1, 2, 4, 5}));             // columns from 1
  EXPECT_EQ(read({{2}, {1}, 4}), (Numbers{4, 5}));                         // a slice, no copy
  EXPECT_EQ(read({{2, 3}, {0, 1}, 3}), (Numbers{3, 4, 5, 3, 4, 5}));       // expanded
  EXPECT_EQ(read({{1, 6, 1}, {99, 1, 77}}), (Numbers{0, 1, 2, 3, 4, 5}));  // sizes of 1: any stride
  EXPECT_EQ(read({{}, {}, 5}), Numbers{5});                                // a scalar
  EXPECT_EQ(read({{0, 3}, {3, 1}}), Numbers{});
  EXPECT_EQ(read({{3}, {2}, 1}), (Numbers{1, 3, 5}));
}

// The second record starts at an odd offset, so its numbers are copied to an aligned place.
TEST(TorchZip, MisalignedRecordsAreCopied) {
  for (size_t shift = 0; shift < 8; ++shift) {
    const auto file =
        kParse(torch_file(dict({text("a"), torch_tensor("ByteStorage", 8, {}, "0"), text("b"),
                                torch_tensor("LongStorage", 2, {{2}, {1}}, "1")}),
                          {std::string(8, 'x'), bytes_of<int64_t>({7, -9})},
                          "archive" + std::string(shift, '_')),
               "x");
    testing::read_everything(*file);
    EXPECT_EQ(values<int64_t>(*file, "b"), (std::vector<int64_t>{7, -9}));
  }
}

TEST(TorchZip, TensorsMayShareAStorageAndARootMayBeATensor) {
  const auto file = kParse(torch_file(list({torch_tensor("FloatStorage", 2, {{1}, {1}}, "0"),
                                            torch_tensor("FloatStorage", 2, {{1}, {1}, 1}, "0")}),
                                      {bytes_of<float>({1.0F, 2.0F})}),
                           "x");
  EXPECT_EQ(values<float>(*file, "0"), std::vector<float>{1.0F});
  EXPECT_EQ(values<float>(*file, "1"), std::vector<float>{2.0F});
  const auto root =
      kParse(torch_file(torch_tensor("FloatStorage", 1, {}, "0"), {bytes_of<float>({3.0F})}), "x");
  EXPECT_EQ(values<float>(*root, ""), std::vector<float>{3.0F});
}

}  // namespace
}  // namespace chatterbox::checkpoint
