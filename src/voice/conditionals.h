// What a voice is to the models: plain numbers, no tensors, so that voices can be read, written and
// checked without libtorch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/file_source.h"

namespace chatterbox::voice {

struct Conditionals {
  // T3
  std::vector<float> speaker_emb;  // [256], VoiceEncoder, L2-normalised
  std::vector<int64_t>
      prompt_tokens;     // [<= 375], speech tokens of the first 6 s; Turbo, Nano: 15 s
  float emotion = 0.5f;  // as stored; a request's exaggeration replaces it
  // S3Gen
  std::vector<int64_t> s3gen_tokens;  // [P], speech tokens of the first 10 s
  std::vector<float> s3gen_mel;       // [F, 80] row-major, 24 kHz log-mel, F >= 2 P
  std::vector<float> x_vector;        // [192], CAM++

  [[nodiscard]] int64_t mel_frames() const { return static_cast<int64_t>(s3gen_mel.size()) / 80; }
};

// Throws Error(kBadVoice) that names the first field with a wrong size, id or non-finite number.
void validate(const Conditionals& conditionals);

// One safetensors file, tensors named as the goldens name them (voice.speaker_emb, ...). kBadVoice
// where validate() throws it.
[[nodiscard]] std::string serialise(const Conditionals& conditionals);
// What serialise() gives, as a file that is replaced whole.
void save(const Conditionals& conditionals, const std::string& path);
// Reads what save() wrote, or a conds.pt of the Python package; told apart by the first bytes.
[[nodiscard]] Conditionals load(const std::string& path);
[[nodiscard]] Conditionals load(const FileSource& files, const std::string& name);
// From bytes in memory. `name` stands in messages.
[[nodiscard]] Conditionals parse(const void* data, size_t size, const std::string& name);

// 32 hexadecimal digits (BLAKE2b-128), equal where all numbers have the same bits.
[[nodiscard]] std::string content_id(const Conditionals& conditionals);

}  // namespace chatterbox::voice
