// The tiny multilingual T3: the tensors of the English one, with a longer text table, and nothing
// for ids that are no speech.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/synthetic.h"

namespace chatterbox::testing {

class MultilingualTinyFile final : public checkpoint::TensorFile {
 public:
  MultilingualTinyFile()
      : file_(checkpoint::make_synthetic("t3_cfg", checkpoint::SyntheticSize::kTiny)),
        entries_(file_->entries()) {
    for (checkpoint::TensorEntry& entry : entries_) {
      if (entry.name == "text_emb.weight") lengthen(entry);
      if (entry.name == "speech_head.weight") clear_what_is_no_speech(entry);
    }
  }
  [[nodiscard]] const std::string& path() const override { return file_->path(); }
  [[nodiscard]] const std::vector<checkpoint::TensorEntry>& entries() const override {
    return entries_;
  }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const override {
    return file_->metadata();
  }

 private:
  // By the formula of checkpoint/synthetic.cpp, whose elements do not depend on the shape.
  void lengthen(checkpoint::TensorEntry& entry) {
    uint64_t key = 0xCBF29CE484222325ULL;
    for (const char c : entry.name) {
      key = (key ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    }
    entry.shape[0] = 2454;
    text_.resize(static_cast<size_t>(2454 * entry.shape[1]));
    for (size_t i = 0; i < text_.size(); ++i) {
      uint64_t z = key + (i + 1) * 0x9E3779B97F4A7C15ULL;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      z ^= z >> 31;
      text_[i] = static_cast<float>(static_cast<int32_t>(z >> 40) - (1 << 23)) * 0x1p-23F;
    }
    entry.data = text_.data();
    entry.bytes = text_.size() * sizeof(float);
  }

  void clear_what_is_no_speech(checkpoint::TensorEntry& entry) {
    const auto* data = static_cast<const float*>(entry.data);
    head_.assign(data, data + entry.bytes / sizeof(float));
    for (int64_t id = 6561; id < entry.shape[0]; ++id) {
      if (id == 6562) continue;  // the end of speech
      std::fill_n(head_.begin() + id * entry.shape[1], entry.shape[1], 0.0F);
    }
    entry.data = head_.data();
  }

  std::shared_ptr<const TensorFile> file_;
  std::vector<checkpoint::TensorEntry> entries_;
  std::vector<float> text_, head_;
};

}  // namespace chatterbox::testing
