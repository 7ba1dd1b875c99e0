#include "support/synthetic/synthetic.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "support/error.h"
#include "support/synthetic/embedded_data.h"
#include "support/synthetic/synthetic_scale.h"

namespace chatterbox::testing {
namespace {

using checkpoint::DType;
using checkpoint::TensorEntry;

// The formula: with h = FNV-1a-64(name) xor seed * G, element i is
//   u = (top 24 bits of splitmix64's mix of h + (i + 1) * G, minus 2^23) * 2^-23,  value = u *
//   scale + offset
// in float32. Any language can make the same bits.
constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ULL;  // splitmix64's increment

uint64_t fnv1a(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325ULL;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001B3ULL;
  return hash;
}

uint64_t splitmix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

void fill(float* values, size_t begin, size_t end, uint64_t key, SyntheticScale scale) {
  for (size_t i = begin; i < end; ++i) {
    const auto top = static_cast<int32_t>(splitmix64(key + (i + 1) * kGolden) >> 40);
    const float u = static_cast<float>(top - (1 << 23)) * 0x1p-23F;
    const float product = u * scale.scale;  // rounded before the sum: no fused multiply-add
    values[i] = product + scale.offset;
  }
}

constexpr int64_t kEndOfSpeech = 6562;

// Makes the end of speech come after some tens of tokens.
void raise_end_of_speech(const TensorEntry& head, float* values) {
  constexpr float kGain = 1.7F;
  float* row = values + kEndOfSpeech * head.shape[1];
  std::transform(row, row + head.shape[1], row, [=](float value) { return value * kGain; });
}

// So that an id that is no speech is hardly drawn: the Python package fails on those of the
// multilingual models.
void clear_what_is_no_speech(const TensorEntry& head, float* values) {
  constexpr int64_t kSpeechTokens = 6561;
  for (int64_t id = kSpeechTokens; id < head.shape[0]; ++id) {
    if (id != kEndOfSpeech) std::fill_n(values + id * head.shape[1], head.shape[1], 0.0F);
  }
}

class SyntheticFile final : public checkpoint::TensorFile {
 public:
  SyntheticFile(std::string name, const nlohmann::json& manifest, uint64_t seed)
      : path_(std::move(name)) {
    lay_out(manifest);
    compute(seed);
    if (const TensorEntry* head = find("speech_head.weight")) {
      auto* values = static_cast<float*>(const_cast<void*>(head->data));
      raise_end_of_speech(*head, values);
      if (path_.find("mtl") != std::string::npos) clear_what_is_no_speech(*head, values);
    }
  }

  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] const std::vector<TensorEntry>& entries() const override { return entries_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const override {
    return metadata_;
  }

 private:
  void lay_out(const nlohmann::json& manifest);
  void compute(uint64_t seed);

  std::string path_;
  std::vector<TensorEntry> entries_;
  std::map<std::string, std::string> metadata_;
  std::unique_ptr<unsigned char[]> bytes_;
};

void SyntheticFile::lay_out(const nlohmann::json& manifest) {
  constexpr size_t kAlignment = 64;
  size_t total = kAlignment;
  std::vector<size_t> offsets;
  for (const auto& [name, value] : manifest.items()) {
    TensorEntry entry;
    entry.name = name;
    entry.shape = value.at(0).get<std::vector<int64_t>>();
    entry.dtype = value.at(1) == "int64" ? DType::kInt64 : DType::kFloat32;
    entry.bytes =
        std::accumulate(entry.shape.begin(), entry.shape.end(), checkpoint::item_size(entry.dtype),
                        [](size_t a, int64_t b) { return a * static_cast<size_t>(b); });
    offsets.push_back(total);
    total += (entry.bytes + kAlignment - 1) / kAlignment * kAlignment;
    entries_.push_back(std::move(entry));
  }
  bytes_.reset(new unsigned char[total]);
  const auto address = reinterpret_cast<uintptr_t>(bytes_.get());
  const size_t shift = (kAlignment - address % kAlignment) % kAlignment;
  for (size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].data = bytes_.get() + offsets[i] - kAlignment + shift;
  }
}

void SyntheticFile::compute(uint64_t seed) {
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  const auto work = [&](unsigned thread) {
    for (const TensorEntry& entry : entries_) {
      const size_t count = entry.bytes / checkpoint::item_size(entry.dtype);
      const size_t begin = count * thread / threads;
      const size_t end = count * (thread + 1) / threads;
      auto* data = static_cast<unsigned char*>(const_cast<void*>(entry.data));
      if (entry.dtype == DType::kInt64) {
        std::memset(data + begin * 8, 0, (end - begin) * 8);
      } else {
        const uint64_t key = fnv1a(entry.name) ^ (seed * kGolden);
        fill(reinterpret_cast<float*>(data), begin, end, key,
             synthetic_scale(entry.name, entry.shape));
      }
    }
  };
  std::vector<std::thread> workers;
  for (unsigned thread = 1; thread < threads; ++thread) workers.emplace_back(work, thread);
  work(0);
  for (std::thread& worker : workers) worker.join();
}

constexpr const char* kVariantOf = "@of";

// Names, shapes and types. A variant names the file that it is like and only the tensors that
// differ.
nlohmann::json tensors_of(const nlohmann::json& files, const std::string& file) {
  nlohmann::json tensors = files.at(file);
  if (!tensors.contains(kVariantOf)) return tensors;
  nlohmann::json whole = files.at(tensors.at(kVariantOf).get<std::string>());
  tensors.erase(kVariantOf);
  whole.update(tensors);
  return whole;
}

}  // namespace

std::shared_ptr<const checkpoint::TensorFile> make_synthetic(const std::string& file,
                                                             SyntheticSize size, uint64_t seed) {
  const bool third = file == "t3_mtl23ls_v3";  // the second version's shapes, other weights
  const std::string like = third ? "t3_mtl23ls_v2" : file;
  const char* size_name = size == SyntheticSize::kTiny ? "tiny" : "full";
  const nlohmann::json files = nlohmann::json::parse(embedded_manifest()).at(size_name);
  if (!files.contains(like)) {
    std::string known;
    for (const auto& [name, tensors] : files.items()) known += (known.empty() ? "" : ", ") + name;
    fail(Status::kInvalidArgument, "no {} synthetic checkpoint file {}: {}", size_name, file,
         known);
  }
  return std::make_shared<SyntheticFile>("synthetic/" + file + ".safetensors",
                                         tensors_of(files, like), seed + (third ? 1 : 0));
}

std::string_view synthetic_tokenizer_json() { return embedded_tokenizer(); }

std::string_view synthetic_conds_pt(SyntheticSize size) {
  return size == SyntheticSize::kTiny ? embedded_conds_tiny() : embedded_conds_full();
}

}  // namespace chatterbox::testing
