// The files of a model, wherever they come from. Torch-free.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/tensor_file.h"
#include "runtime/family.h"
#include "runtime/options.h"
#include "support/file_source.h"
#include "t3/special_tokens.h"
#include "text/tokenizer.h"
#include "voice/conditionals.h"

namespace chatterbox::runtime {

// The model that ships with the library and is asked for by this name.
inline constexpr const char* kDemoModel = "demo";

struct ModelFiles {
  FamilyTraits traits;
  std::shared_ptr<const FileSource> source;
  bool by_language = false;  // the tokenizer asks for a language
  std::shared_ptr<const checkpoint::TensorFile> t3;
  std::shared_ptr<const checkpoint::TensorFile> s3gen;
  std::shared_ptr<const checkpoint::TensorFile> voice_encoder;
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::shared_ptr<const voice::Conditionals> default_voice;  // null: there is no conds.pt
};

[[nodiscard]] FileAccess access_of(Weights weights);

// By `options.model`, `files`, `family` and `weights`. Throws what find_family() or reading a file
// throws; kNotFound where there is no such folder.
[[nodiscard]] ModelFiles open_model(const EngineOptions& options);

// The names of the voices that the model ships: NAME.voice among its files, sorted.
[[nodiscard]] std::vector<std::string> voice_names(const ModelFiles& files);
// One of them. kNotFound lists those that are there.
[[nodiscard]] std::shared_ptr<const voice::Conditionals> open_voice(const ModelFiles& files,
                                                                    const std::string& name);

// What T3 puts around the tokenizer's ids: the vocabulary's own, or the official ids where it has
// none.
[[nodiscard]] t3::TextFraming text_framing(const text::Tokenizer& tokenizer);

}  // namespace chatterbox::runtime
