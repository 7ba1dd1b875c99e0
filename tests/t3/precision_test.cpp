// T3 in low precision against the same in fp32, given the same tokens, on the tiny models of every
// family.
#include <gtest/gtest.h>

#include "t3_golden.h"
#include "teacher_forcing.h"

namespace chatterbox::t3 {
namespace {

using testing::Distance;

std::shared_ptr<const Model> load(const std::string& name, const nn::Placement& placement,
                                  std::optional<c10::ScalarType> kv_cache = std::nullopt) {
  const nn::WeightReader reader(testing::tiny_file(name), placement);
  std::shared_ptr<const Model> model = load_model(reader, {}, kv_cache);
  reader.finish();
  return model;
}

constexpr int64_t kTokens = 100;

Distance distance_of(const std::string& name, const Model& other) {
  const auto exact = load(name, {});
  VoiceKey voice;
  voice.speaker_emb = testing::values<float>(testing::noise({256}, 1).abs().div_(16));
  const auto ids = [](int64_t count, int64_t below, uint64_t seed) {
    return testing::values<int64_t>(
        at::randint(below, {count}, testing::seeded(seed), at::TensorOptions(at::kLong)));
  };
  voice.prompt_tokens = ids(150, 6561, 2);
  voice.exaggeration = 0.5F;
  const Limits limits = exact->limits();
  return testing::distance(*exact, other, voice, ids(40, limits.text_vocabulary, 3),
                           ids(kTokens, 6561, 4));
}

struct Family {
  const char* name;
  // Four times what was measured.
  double bf16, int8, cache;
};

class PrecisionTest : public ::testing::TestWithParam<Family> {
 protected:
  static void expect_near(const Model& other, double bound, const char* what) {
    const Distance found = distance_of(GetParam().name, other);
    RecordProperty(std::string(what) + "_equal_tokens", std::to_string(found.equal_tokens));
    RecordProperty(std::string(what) + "_relative_error", std::to_string(found.relative_error));
    EXPECT_LE(found.relative_error, bound) << what;
    EXPECT_GT(found.relative_error, 0) << what;
    EXPECT_GE(found.equal_tokens, 1 - 10 * bound) << what;
  }
};

TEST_P(PrecisionTest, IsNearFp32) {
  const char* name = GetParam().name;
  expect_near(*load(name, {c10::kCPU, c10::kBFloat16}), GetParam().bf16, "bf16");
  expect_near(*load(name, {c10::kCPU, c10::kBFloat16, true}), GetParam().int8, "int8");
  expect_near(*load(name, {}, c10::kBFloat16), GetParam().cache, "cache");
}

INSTANTIATE_TEST_SUITE_P(Families, PrecisionTest,
                         ::testing::Values(Family{"t3_cfg", 0.02, 0.06, 0.0025},
                                           Family{"t3_mtl23ls_v2", 0.02, 0.06, 0.0025},
                                           Family{"t3_turbo_v1", 0.016, 0.042, 0.0014}),
                         [](const auto& family) -> std::string { return family.param.name; });

// Under int8, what is not a large matrix has more bits.
TEST(Int8Model, PacksTheBackbonesMatricesAlone) {
  const auto model = load("t3_cfg", {c10::kCPU, c10::kBFloat16, true});
  const auto bf16 = load("t3_cfg", {c10::kCPU, c10::kBFloat16});
  const VoiceKey voice{std::vector<float>(256, 0.05F), {1, 2, 3}, 0.5F};
  EXPECT_TRUE(
      at::equal(model->embedder().conditioning(voice), bf16->embedder().conditioning(voice)));
  const at::Tensor x = testing::noise({2, model->embedder().starts_of_speech().size(1)}, 1);
  EXPECT_TRUE(at::equal(model->logits(x), bf16->logits(x)));
  EXPECT_EQ(model->limits().kv_bytes_per_position, bf16->limits().kv_bytes_per_position);
}

}  // namespace
}  // namespace chatterbox::t3
