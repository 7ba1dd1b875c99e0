// The files of a checkpoint, wherever they come from. Torch-free.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "checkpoint/tensor_file.h"
#include "text/english_tokenizer.h"
#include "voice/conditionals.h"

namespace chatterbox::engine {

struct ModelFiles {
  std::shared_ptr<const checkpoint::TensorFile> t3;
  std::shared_ptr<const checkpoint::TensorFile> s3gen;
  std::shared_ptr<const checkpoint::TensorFile> voice_encoder;
  std::shared_ptr<const text::EnglishTokenizer> tokenizer;
  std::shared_ptr<const voice::Conditionals> default_voice;  // null: the folder has no conds.pt
};

// `model`: "demo", or a folder as published. Throws kNotFound that lists every missing file, or
// what reading one of them throws.
[[nodiscard]] ModelFiles open_model(const std::string& model);

}  // namespace chatterbox::engine
