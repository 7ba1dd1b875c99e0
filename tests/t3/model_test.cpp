#include "t3/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chatterbox/chatterbox.hpp>
#include <functional>

#include "checkpoint/synthetic.h"

namespace chatterbox::t3 {
namespace {

using checkpoint::TensorEntry;

// The tiny checkpoint, with its table of contents changed.
class ChangedFile final : public checkpoint::TensorFile {
 public:
  explicit ChangedFile(const std::function<void(std::vector<TensorEntry>&)>& change)
      : file_(checkpoint::make_synthetic("t3_cfg", checkpoint::SyntheticSize::kTiny)),
        entries_(file_->entries()) {
    change(entries_);
  }
  [[nodiscard]] const std::string& path() const override { return file_->path(); }
  [[nodiscard]] const std::vector<TensorEntry>& entries() const override { return entries_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const override {
    return file_->metadata();
  }

 private:
  std::shared_ptr<const TensorFile> file_;
  std::vector<TensorEntry> entries_;
};

std::string defects(const std::function<void(std::vector<TensorEntry>&)>& change) {
  const nn::WeightReader reader(std::make_shared<ChangedFile>(change), {});
  try {
    static_cast<void>(load_model(reader));
    reader.finish();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadModelFile);
    return error.what();
  }
  return "";
}

TEST(T3Model, EachMissingTensorIsNamedAndNoOther) {
  const auto whole = checkpoint::make_synthetic("t3_cfg", checkpoint::SyntheticSize::kTiny);
  ASSERT_EQ(whole->entries().size(), 49U);
  for (const TensorEntry& entry : whole->entries()) {
    const std::string message = defects([&](std::vector<TensorEntry>& entries) {
      const auto is_it = [&](const TensorEntry& other) { return other.name == entry.name; };
      entries.erase(std::find_if(entries.begin(), entries.end(), is_it));
    });
    if (entry.name == "text_head.weight" || entry.name == "tfmr.embed_tokens.weight") {
      EXPECT_EQ(message, "") << entry.name;  // never read
    } else {
      EXPECT_EQ(message.rfind("demo/t3_cfg.safetensors: missing " + entry.name + " [", 0), 0U)
          << message;
      EXPECT_EQ(message.find(';'), std::string::npos) << message;
    }
  }
}

// As if another model's file had been given: all that is wrong, in one message.
TEST(T3Model, EveryDefectIsListed) {
  const std::string message = defects([](std::vector<TensorEntry>& entries) {
    for (TensorEntry& entry : entries) {
      if (entry.name == "speech_head.weight") entry.shape = {128, 8194};
      if (entry.name == "tfmr.layers.1.mlp.up_proj.weight")
        entry.name = "tfmr.layers.1.mlp.up_projx";
      if (entry.name == "cond_enc.spkr_enc.bias") entry.dtype = checkpoint::DType::kInt32;
    }
  });
  EXPECT_EQ(
      message,
      "demo/t3_cfg.safetensors: cond_enc.spkr_enc.bias has dtype I32, expected F32, F16 or BF16; "
      "missing tfmr.layers.1.mlp.up_proj.weight [256, 128]; "
      "speech_head.weight has shape [128, 8194], expected [8194, 128]; "
      "unexpected tfmr.layers.1.mlp.up_projx [256, 128]");
}

TEST(T3Model, WithoutLayersTheFirstIsMissing) {
  const std::string message = defects([](std::vector<TensorEntry>& entries) {
    const auto in_layers = [](const TensorEntry& e) {
      return e.name.rfind("tfmr.layers.", 0) == 0;
    };
    entries.erase(std::remove_if(entries.begin(), entries.end(), in_layers), entries.end());
  });
  EXPECT_NE(message.find("missing tfmr.layers.0.self_attn.q_proj.weight"), std::string::npos);
  EXPECT_EQ(message.find("unexpected"), std::string::npos);
}

}  // namespace
}  // namespace chatterbox::t3
