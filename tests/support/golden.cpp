#include "support/golden.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "checkpoint/safetensors.h"
#include "support/format.h"

namespace chatterbox::testing {
namespace {

const Tolerance& find(Stage stage, Reference reference) {
  for (const Tolerance& tolerance : kTolerances) {
    if (tolerance.stage == stage && tolerance.reference == reference) return tolerance;
  }
  throw std::out_of_range("no tolerance for this stage");
}

double largest_difference(const at::Tensor& actual, const at::Tensor& expected,
                          Tolerance::Scale scale) {
  const at::Tensor difference = (actual - expected).abs();
  switch (scale) {
    case Tolerance::Scale::kAbsolute:
      return difference.max().item<double>();
    case Tolerance::Scale::kRange:
      return (difference.max() / (expected.max() - expected.min())).item<double>();
    case Tolerance::Scale::kRelative:
      return (difference / expected.abs().clamp_min(1e-6)).max().item<double>();
  }
  throw std::logic_error("unknown scale");
}

double correlation(const at::Tensor& actual, const at::Tensor& expected) {
  const at::Tensor a = actual - actual.mean();
  const at::Tensor b = expected - expected.mean();
  return ((a * b).sum() / (a.norm() * b.norm())).item<double>();
}

}  // namespace

Golden::Golden(const std::string& name)
    : file_(checkpoint::open_safetensors(std::string(CHATTERBOX_TEST_DATA) + "/golden/" + name +
                                         ".safetensors")) {}

bool Golden::has(const std::string& name) const { return file_->find(name) != nullptr; }

at::Tensor Golden::tensor(const std::string& name) const {
  const checkpoint::TensorEntry* entry = file_->find(name);
  if (entry == nullptr) throw std::out_of_range(file_->path() + " has no " + name);
  const auto type = entry->dtype == checkpoint::DType::kInt64 ? at::kLong : at::kFloat;
  return at::from_blob(const_cast<void*>(entry->data), entry->shape, at::TensorOptions(type))
      .clone();
}

std::string Golden::meta(const std::string& key) const { return file_->metadata().at(key); }

std::optional<std::string> Golden::option(const std::string& key) const {
  const auto found = file_->metadata().find(key);
  if (found == file_->metadata().end() || found->second == "None") return std::nullopt;
  return found->second;
}

void expect_close(const at::Tensor& actual, const at::Tensor& expected, Stage stage,
                  Reference reference) {
  const Tolerance& tolerance = find(stage, reference);
  ASSERT_EQ(actual.squeeze().sizes(), expected.squeeze().sizes()) << tolerance.name;
  const at::Tensor a = actual.flatten().to(at::kCPU, at::kDouble);
  const at::Tensor e = expected.flatten().to(at::kDouble);
  const double difference = largest_difference(a, e, tolerance.scale);
  const double decorrelation = 1 - correlation(a, e);
  ::testing::Test::RecordProperty(tolerance.name, fmt::format("{:.3g}", difference));
  EXPECT_TRUE(difference <= kMargin * tolerance.difference)  // also false for NaN
      << tolerance.name << ": largest difference " << difference << ", tolerance "
      << kMargin * tolerance.difference << ", 1 - correlation " << decorrelation;
  if (tolerance.decorrelation < 0) return;
  EXPECT_TRUE(decorrelation <= kMargin * tolerance.decorrelation)
      << tolerance.name << ": 1 - correlation " << decorrelation << ", at most "
      << kMargin * tolerance.decorrelation << ", largest difference " << difference;
}

void expect_stages(const CollectedTensors& collected, const Golden& golden) {
  const std::map<std::string, Stage> stages = {{"voice.speaker_emb", Stage::kSpeakerEmbedding},
                                               {"voice.gen.embedding", Stage::kXVector},
                                               {"voice.gen.prompt_feat", Stage::kPromptMel},
                                               {"t3.logits0", Stage::kLogits},
                                               {"t3.logits1", Stage::kLogits},
                                               {"t3.logits2", Stage::kLogits},
                                               {"s3gen.mu", Stage::kMu},
                                               {"s3gen.mel", Stage::kMel},
                                               {"s3gen.f0", Stage::kF0},
                                               {"s3gen.source", Stage::kSource},
                                               {"s3gen.wav", Stage::kWave}};
  for (const auto& [tensor, stage] : stages) {
    if (!golden.has(tensor)) continue;
    expect_close(collected.tensor(tensor), golden.tensor(tensor), stage);
  }
}

}  // namespace chatterbox::testing
