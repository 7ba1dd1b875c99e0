// Voices in files, sound ones and others.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/torch_bytes.h"
#include "support/error.h"
#include "support/temporary_folder.h"
#include "voice/conditionals.h"

namespace chatterbox::testing {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// As small as a voice can be, but for three tokens and six frames.
inline voice::Conditionals small_voice() {
  voice::Conditionals voice;
  voice.speaker_emb.assign(256, 0.0625F);
  voice.prompt_tokens = {0, 6560};
  voice.s3gen_tokens = {1, 2, 3};
  voice.s3gen_mel.assign(6 * 80, -1.5F);
  voice.x_vector.assign(192, 0.25F);
  return voice;
}

// One tensor of a voice's file.
struct Field {
  checkpoint::DType dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};
using Fields = std::map<std::string, Field>;  // by the names that follow "voice."

template <class T>
Field field(const std::vector<T>& values, std::vector<int64_t> shape) {
  using checkpoint::DType;
  constexpr DType kType = std::is_same_v<T, float>     ? DType::kFloat32
                          : std::is_same_v<T, double>  ? DType::kFloat64
                          : std::is_same_v<T, int32_t> ? DType::kInt32
                                                       : DType::kInt64;
  return {kType, std::move(shape), bytes_of(values)};
}

inline Fields fields_of(const voice::Conditionals& voice) {
  const auto size = [](const auto& values) { return static_cast<int64_t>(values.size()); };
  return {{"speaker_emb", field(voice.speaker_emb, {1, size(voice.speaker_emb)})},
          {"cond_prompt_speech_tokens", field(voice.prompt_tokens, {1, size(voice.prompt_tokens)})},
          {"emotion_adv", field(std::vector<float>{voice.emotion}, {1, 1, 1})},
          {"gen.prompt_token", field(voice.s3gen_tokens, {1, size(voice.s3gen_tokens)})},
          {"gen.prompt_feat", field(voice.s3gen_mel, {1, voice.mel_frames(), 80})},
          {"gen.embedding", field(voice.x_vector, {1, size(voice.x_vector)})}};
}

using Metadata = std::map<std::string, std::string>;

// The bytes of a saved voice.
inline std::string voice_file(const Fields& fields,
                              const Metadata& metadata = {{"format", "chatterbox.voice"},
                                                          {"version", "1"}}) {
  std::vector<checkpoint::TensorEntry> entries;
  for (const auto& [name, value] : fields) {
    entries.push_back(
        {"voice." + name, value.dtype, value.shape, value.bytes.data(), value.bytes.size()});
  }
  const TemporaryFolder folder;
  checkpoint::write_safetensors(folder.file("a.voice"), entries, metadata);
  return read_file(folder.file("a.voice"));
}

// The bytes of a conds.pt: {"t3": {...}, "gen": {...}} of the same fields. `more`: pickled keys and
// values that "t3" has besides.
inline std::string conds_file(const Fields& fields, const std::string& more = "") {
  std::vector<std::string> storages;
  std::string t3 = more, gen;
  for (const auto& [name, value] : fields) {
    const auto count = static_cast<int64_t>(value.bytes.size() / item_size(value.dtype));
    std::vector<int64_t> strides(value.shape.size(), 1);
    for (size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * value.shape[i];
    const char* type = value.dtype == checkpoint::DType::kFloat32   ? "FloatStorage"
                       : value.dtype == checkpoint::DType::kFloat64 ? "DoubleStorage"
                       : value.dtype == checkpoint::DType::kInt32   ? "IntStorage"
                                                                    : "LongStorage";
    const bool is_gen = name.rfind("gen.", 0) == 0;
    (is_gen ? gen : t3) +=
        pickle::text(is_gen ? name.substr(4) : name) +
        torch_tensor(type, count, {value.shape, strides, 0}, std::to_string(storages.size()));
    storages.push_back(value.bytes);
  }
  return torch_file(pickle::dict({pickle::text("t3"), pickle::dict({t3}), pickle::text("gen"),
                                  pickle::dict({gen})}),
                    storages);
}

// `action` must throw kBadVoice with a message that has `what` in it.
template <class Action>
void expect_bad_voice(const Action& action, const std::string& what) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown, expected: " << what;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadVoice) << error.what();
    EXPECT_NE(std::string(error.what()).find(what), std::string::npos)
        << error.what() << "\n does not say: " << what;
  }
}

}  // namespace chatterbox::testing
