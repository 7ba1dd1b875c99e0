#include "voice/conditionals.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "checkpoint/safetensors.h"
#include "checkpoint/torch_zip.h"
#include "support/error.h"
#include "support/file_io.h"
#include "support/hash.h"

namespace chatterbox::voice {
namespace {

using checkpoint::DType;
using checkpoint::TensorEntry;
using checkpoint::TensorFile;

constexpr int64_t kSpeechTokens = 6561;  // kinds of the S3 tokenizer
constexpr size_t kSpeakerSize = 256;
constexpr size_t kXVectorSize = 192;
constexpr size_t kMelBins = 80;
constexpr size_t kMaxPromptTokens = 375;  // of Turbo; t3_config.py: speech_cond_prompt_len
constexpr size_t kMaxS3GenTokens = 1500;  // a minute; the reference takes ten seconds
constexpr size_t kMaxFileBytes = 64U << 20U;

constexpr const char* kFormat = "chatterbox.voice";
constexpr const char* kVersion = "1";

// `source`: what stands before a field in messages, "me.voice: " or nothing.
void check_finite(const std::string& source, const char* field, const std::vector<float>& values) {
  const auto bad =
      std::find_if_not(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
  if (bad != values.end()) {
    fail(Status::kBadVoice, "{}{}: element {} is {}, not a finite number", source, field,
         bad - values.begin(), *bad);
  }
}

void check_vector(const std::string& source, const char* field, const std::vector<float>& values,
                  size_t size) {
  if (values.size() != size) {
    fail(Status::kBadVoice, "{}{} has {} elements, {} belong there", source, field, values.size(),
         size);
  }
  check_finite(source, field, values);
}

void check_tokens(const std::string& source, const char* field, const std::vector<int64_t>& tokens,
                  size_t limit) {
  if (tokens.empty() || tokens.size() > limit) {
    fail(Status::kBadVoice, "{}{} has {} tokens, 1 to {} belong there", source, field,
         tokens.size(), limit);
  }
  for (const int64_t token : tokens) {
    if (token < 0 || token >= kSpeechTokens) {
      fail(Status::kBadVoice, "{}{} has the token {}, the range is 0 to {}", source, field, token,
           kSpeechTokens - 1);
    }
  }
}

void check_mel(const std::string& source, const Conditionals& conditionals) {
  const std::vector<float>& mel = conditionals.s3gen_mel;
  const size_t tokens = conditionals.s3gen_tokens.size();
  if (mel.size() % kMelBins != 0) {
    fail(Status::kBadVoice, "{}s3gen_mel has {} elements, not a multiple of {}", source, mel.size(),
         kMelBins);
  }
  // Two frames a token, and a few more where the recording's end is no whole token (s3gen.py:
  // embed_ref).
  constexpr size_t kSpareFrames = 8;
  const size_t frames = mel.size() / kMelBins;
  if (frames < 2 * tokens || frames > 2 * tokens + kSpareFrames) {
    fail(Status::kBadVoice, "{}s3gen_mel has {} frames, {} to {} belong to {} s3gen_tokens", source,
         frames, 2 * tokens, 2 * tokens + kSpareFrames, tokens);
  }
  check_finite(source, "s3gen_mel", mel);
}

void check_all(const std::string& source, const Conditionals& conditionals) {
  check_vector(source, "speaker_emb", conditionals.speaker_emb, kSpeakerSize);
  check_tokens(source, "prompt_tokens", conditionals.prompt_tokens, kMaxPromptTokens);
  check_finite(source, "emotion", {conditionals.emotion});
  check_tokens(source, "s3gen_tokens", conditionals.s3gen_tokens, kMaxS3GenTokens);
  check_mel(source, conditionals);
  check_vector(source, "x_vector", conditionals.x_vector, kXVectorSize);
}

// One layout of a voice: what its tensors are called.
struct Names {
  const char* speaker_emb;
  const char* prompt_tokens;
  const char* emotion;
  const char* s3gen_tokens;
  const char* s3gen_mel;
  const char* x_vector;
};
constexpr Names kVoiceNames = {"voice.speaker_emb",     "voice.cond_prompt_speech_tokens",
                               "voice.emotion_adv",     "voice.gen.prompt_token",
                               "voice.gen.prompt_feat", "voice.gen.embedding"};
// tts.py: Conditionals.save
constexpr Names kCondsNames = {"t3.speaker_emb",  "t3.cond_prompt_speech_tokens",
                               "t3.emotion_adv",  "gen.prompt_token",
                               "gen.prompt_feat", "gen.embedding"};

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return text + "]";
}

// -1 in `shape` means any.
const TensorEntry& require(const TensorFile& file, const char* name,
                           std::initializer_list<int64_t> shape) {
  const TensorEntry* entry = file.find(name);
  if (entry == nullptr) fail(Status::kBadVoice, "{}: {} is missing", file.path(), name);
  const bool fits =
      std::equal(shape.begin(), shape.end(), entry->shape.begin(), entry->shape.end(),
                 [](int64_t asked, int64_t is) { return asked == -1 || asked == is; });
  if (!fits) {
    fail(Status::kBadVoice, "{}: {} has the shape {}, {} belongs there (-1: any)", file.path(),
         name, shape_text(entry->shape), shape_text(shape));
  }
  return *entry;
}

[[noreturn]] void fail_type(const TensorFile& file, const TensorEntry& entry, const char* wanted) {
  fail(Status::kBadVoice, "{}: {} is of type {}, {} belongs there", file.path(), entry.name,
       checkpoint::name(entry.dtype), wanted);
}

std::vector<float> read_floats(const TensorFile& file, const char* name,
                               std::initializer_list<int64_t> shape) {
  const TensorEntry& entry = require(file, name, shape);
  if (entry.dtype != DType::kFloat32) fail_type(file, entry, "F32");
  const auto* data = static_cast<const float*>(entry.data);
  return {data, data + entry.bytes / sizeof(float)};
}

std::vector<int64_t> read_tokens(const TensorFile& file, const char* name) {
  const TensorEntry& entry = require(file, name, {1, -1});
  if (entry.dtype == DType::kInt32) {
    const auto* data = static_cast<const int32_t*>(entry.data);
    return {data, data + entry.bytes / sizeof(int32_t)};
  }
  if (entry.dtype != DType::kInt64) fail_type(file, entry, "I64");
  const auto* data = static_cast<const int64_t*>(entry.data);
  return {data, data + entry.bytes / sizeof(int64_t)};
}

// All but the emotion, which a conds.pt may have as a plain number.
Conditionals read_tensors(const TensorFile& file, const Names& names) {
  Conditionals result;
  result.speaker_emb = read_floats(file, names.speaker_emb, {1, -1});
  result.prompt_tokens = read_tokens(file, names.prompt_tokens);
  result.s3gen_tokens = read_tokens(file, names.s3gen_tokens);
  result.s3gen_mel = read_floats(file, names.s3gen_mel, {1, -1, kMelBins});
  result.x_vector = read_floats(file, names.x_vector, {1, -1});
  return result;
}

void check_prompt_length(const TensorFile& file, const Conditionals& conditionals) {
  constexpr const char* kName = "gen.prompt_token_len";
  if (file.find(kName) == nullptr) return;
  const TensorEntry& entry = require(file, kName, {1});
  if (entry.dtype != DType::kInt64) fail_type(file, entry, "I64");
  const int64_t length = *static_cast<const int64_t*>(entry.data);
  if (length != static_cast<int64_t>(conditionals.s3gen_tokens.size())) {
    fail(Status::kBadVoice, "{}: {} is {}, gen.prompt_token has {} tokens", file.path(), kName,
         length, conditionals.s3gen_tokens.size());
  }
}

Conditionals read_conds(const checkpoint::TorchFile& file) {
  Conditionals result = read_tensors(file, kCondsNames);
  check_prompt_length(file, result);
  if (const auto number = file.number(kCondsNames.emotion)) {
    result.emotion = static_cast<float>(*number);
  } else {
    result.emotion = read_floats(file, kCondsNames.emotion, {1, 1, 1}).front();
  }
  return result;
}

Conditionals read_voice(const TensorFile& file) {
  const auto meta = [&file](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  if (meta("format") != kFormat) {
    fail(Status::kBadVoice, "{}: not a saved voice: its format is \"{}\", not \"{}\"", file.path(),
         meta("format"), kFormat);
  }
  if (meta("version") != kVersion) {
    fail(Status::kBadVoice, "{}: a voice of version \"{}\", only \"{}\" is known", file.path(),
         meta("version"), kVersion);
  }
  Conditionals result = read_tensors(file, kVoiceNames);
  result.emotion = read_floats(file, kVoiceNames.emotion, {1, 1, 1}).front();
  constexpr size_t kFields = 6;
  if (file.entries().size() != kFields) {
    fail(Status::kBadVoice, "{}: {} tensors, {} belong in a voice", file.path(),
         file.entries().size(), kFields);
  }
  return result;
}

enum class Format { kSafetensors, kTorchZip };

Format recognise(std::string_view bytes, const std::string& name) {
  constexpr size_t kHeaderStart = 8;  // after its length, safetensors' JSON begins
  if (bytes.substr(0, 2) == "PK") return Format::kTorchZip;
  if (bytes.size() > kHeaderStart && bytes[kHeaderStart] == '{') return Format::kSafetensors;
  const bool is_recording = bytes.substr(0, 4) == "RIFF" || bytes.substr(0, 4) == "fLaC" ||
                            bytes.substr(0, 4) == "OggS" || bytes.substr(0, 3) == "ID3" ||
                            bytes.substr(0, 2) == "\xFF\xFB" || bytes.substr(0, 2) == "\xFF\xF3";
  if (is_recording) {
    fail(Status::kBadVoice, "{}: a recording, not a saved voice: make a voice of it first", name);
  }
  fail(Status::kBadVoice, "{}: {} bytes, neither a saved voice (safetensors) nor a conds.pt", name,
       bytes.size());
}

}  // namespace

void validate(const Conditionals& conditionals) { check_all("", conditionals); }

std::string serialise(const Conditionals& conditionals) {
  validate(conditionals);
  const auto entry = [](const char* name, DType dtype, std::vector<int64_t> shape,
                        const auto& values) {
    return TensorEntry{name, dtype, std::move(shape), values.data(),
                       values.size() * sizeof(values[0])};
  };
  const auto count = [](const auto& values) { return static_cast<int64_t>(values.size()); };
  const Conditionals& voice = conditionals;
  const std::vector<float> emotion = {voice.emotion};
  return checkpoint::encode_safetensors(
      {entry(kVoiceNames.speaker_emb, DType::kFloat32, {1, count(voice.speaker_emb)},
             voice.speaker_emb),
       entry(kVoiceNames.prompt_tokens, DType::kInt64, {1, count(voice.prompt_tokens)},
             voice.prompt_tokens),
       entry(kVoiceNames.emotion, DType::kFloat32, {1, 1, 1}, emotion),
       entry(kVoiceNames.s3gen_tokens, DType::kInt64, {1, count(voice.s3gen_tokens)},
             voice.s3gen_tokens),
       entry(kVoiceNames.s3gen_mel, DType::kFloat32, {1, voice.mel_frames(), kMelBins},
             voice.s3gen_mel),
       entry(kVoiceNames.x_vector, DType::kFloat32, {1, count(voice.x_vector)}, voice.x_vector)},
      {{"format", kFormat}, {"version", kVersion}});
}

void save(const Conditionals& conditionals, const std::string& path) {
  write_file(path, serialise(conditionals));
}

// Not of serialise(): an id must outlive changes of the file's format.
std::string content_id(const Conditionals& conditionals) {
  const auto bytes_of = [](const auto& values) {
    return std::string_view(reinterpret_cast<const char*>(values.data()),
                            values.size() * sizeof(values[0]));
  };
  const std::vector<float> emotion = {conditionals.emotion};
  return content_hash({"chatterbox.voice", bytes_of(conditionals.speaker_emb),
                       bytes_of(conditionals.prompt_tokens), bytes_of(emotion),
                       bytes_of(conditionals.s3gen_tokens), bytes_of(conditionals.s3gen_mel),
                       bytes_of(conditionals.x_vector)});
}

Conditionals load(const std::string& path) {
  const auto bytes = open_file(path, FileAccess::kMapped);
  return parse(bytes->data(), bytes->size(), path);
}

Conditionals load(const FileSource& files, const std::string& name) {
  const auto bytes = files.open(name, FileAccess::kMapped);
  return parse(bytes->data(), bytes->size(), files.path(name));
}

Conditionals parse(const void* data, size_t size, const std::string& name) {
  if (size > kMaxFileBytes) {
    fail(Status::kBadVoice, "{}: {} bytes, a voice has at most {}", name, size, kMaxFileBytes);
  }
  const std::string_view bytes(static_cast<const char*>(data), size);
  const Format format = recognise(bytes, name);
  try {
    Conditionals result = format == Format::kTorchZip
                              ? read_conds(*checkpoint::parse_torch_zip(data, size, name))
                              : read_voice(*checkpoint::parse_safetensors(data, size, name));
    check_all(name + ": ", result);
    return result;
  } catch (const Error& error) {
    if (error.status() != Status::kBadModelFile) throw;
    fail(Status::kBadVoice, "{}", error.what());
  }
}

}  // namespace chatterbox::voice
