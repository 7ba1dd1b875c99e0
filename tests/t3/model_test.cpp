#include "t3/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "support/status.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using checkpoint::TensorEntry;

// The tiny checkpoint, with its table of contents changed.
class ChangedFile final : public checkpoint::TensorFile {
 public:
  ChangedFile(const char* name, const std::function<void(std::vector<TensorEntry>&)>& change)
      : file_(testing::tiny_file(name)), entries_(file_->entries()) {
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

std::string defects(const std::function<void(std::vector<TensorEntry>&)>& change,
                    const char* name = "t3_cfg") {
  const nn::WeightReader reader(std::make_shared<ChangedFile>(name, change), {});
  try {
    static_cast<void>(load_model(reader));
    reader.finish();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadModelFile);
    return error.what();
  }
  return "";
}

// `unused`: names that are never read.
void expect_each_missing_tensor_is_named(const char* name, size_t count,
                                         const std::set<std::string>& unused) {
  SCOPED_TRACE(name);
  const auto whole = testing::tiny_file(name);
  ASSERT_EQ(whole->entries().size(), count);
  for (const TensorEntry& entry : whole->entries()) {
    const auto without_it = [&](std::vector<TensorEntry>& entries) {
      const auto is_it = [&](const TensorEntry& other) { return other.name == entry.name; };
      entries.erase(std::find_if(entries.begin(), entries.end(), is_it));
    };
    const std::string message = defects(without_it, name);
    if (unused.count(entry.name) > 0) {
      EXPECT_EQ(message, "") << entry.name;
    } else {
      EXPECT_EQ(message.rfind(whole->path() + ": missing " + entry.name + " [", 0), 0U) << message;
      EXPECT_EQ(message.find(';'), std::string::npos) << message;
    }
  }
}

TEST(T3Model, EachMissingTensorIsNamedAndNoOther) {
  expect_each_missing_tensor_is_named("t3_cfg", 49,
                                      {"text_head.weight", "tfmr.embed_tokens.weight"});
  expect_each_missing_tensor_is_named("t3_turbo_v1", 47, {"text_head.weight", "tfmr.wte.weight"});
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
  EXPECT_EQ(message,
            "synthetic/t3_cfg.safetensors: cond_enc.spkr_enc.bias has dtype I32, expected F32, F16 "
            "or BF16; "
            "missing tfmr.layers.1.mlp.up_proj.weight [256, 128]; "
            "speech_head.weight has shape [128, 8194], expected [8194, 128]; "
            "unexpected tfmr.layers.1.mlp.up_projx [256, 128]");
}

TEST(T3Model, WithoutLayersTheFirstIsMissing) {
  const auto without = [](const std::string& prefix) {
    return [=](std::vector<TensorEntry>& entries) {
      const auto in_layers = [&](const TensorEntry& e) { return e.name.rfind(prefix, 0) == 0; };
      entries.erase(std::remove_if(entries.begin(), entries.end(), in_layers), entries.end());
    };
  };
  const std::string llama = defects(without("tfmr.layers."));
  EXPECT_NE(llama.find("missing tfmr.layers.0.self_attn.q_proj.weight"), std::string::npos);
  EXPECT_EQ(llama.find("unexpected"), std::string::npos);
  const std::string gpt2 = defects(without("tfmr.h."), "t3_turbo_v1");
  EXPECT_NE(gpt2.find("missing tfmr.h.0.attn.c_attn.weight [128, 384]"), std::string::npos);
  EXPECT_EQ(gpt2.find("unexpected"), std::string::npos);
}

// The widths of the layers come from the positions, or else from the first projection.
TEST(T3Model, WithoutPositionsAndProjectionsBothAreNamed) {
  const auto without = [](std::vector<TensorEntry>& entries) {
    const auto missing = [](const TensorEntry& e) {
      return e.name == "tfmr.wpe.weight" || e.name.find("attn.c_attn.") != std::string::npos;
    };
    entries.erase(std::remove_if(entries.begin(), entries.end(), missing), entries.end());
  };
  const std::string found = defects(without, "t3_turbo_v1");
  EXPECT_NE(found.find("missing tfmr.wpe.weight"), std::string::npos) << found;
  EXPECT_NE(found.find("missing tfmr.h.0.attn.c_attn.weight"), std::string::npos) << found;
}

// The fused projection of queries, keys and values must have three times the width.
TEST(T3Model, WrongShapesOfTheFusedProjectionAreNamed) {
  const auto narrow = [](std::vector<TensorEntry>& entries) {
    for (TensorEntry& entry : entries) {
      if (entry.name == "tfmr.h.1.attn.c_attn.weight") entry.shape = {384, 128};
    }
  };
  EXPECT_EQ(defects(narrow, "t3_turbo_v1"),
            "synthetic/t3_turbo_v1.safetensors: tfmr.h.1.attn.c_attn.weight has shape [384, 128], "
            "expected [128, 384]");
}

}  // namespace
}  // namespace chatterbox::t3
