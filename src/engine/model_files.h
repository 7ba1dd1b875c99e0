// The files of a checkpoint, wherever they come from. Torch-free.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "checkpoint/tensor_file.h"
#include "engine/family.h"
#include "t3/special_tokens.h"
#include "text/tokenizer.h"
#include "voice/conditionals.h"

namespace chatterbox::engine {

// Models that are asked for by a name, not by a folder.
inline constexpr const char* kDemoModel = "demo";            // ships with the library, and speaks
inline constexpr const char* kSyntheticModel = "synthetic";  // made in memory, and makes noise

struct ModelFiles {
  FamilyTraits traits;
  std::string folder;        // empty: made in memory
  bool by_language = false;  // the tokenizer asks for a language
  std::shared_ptr<const checkpoint::TensorFile> t3;
  std::shared_ptr<const checkpoint::TensorFile> s3gen;
  std::shared_ptr<const checkpoint::TensorFile> voice_encoder;
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::shared_ptr<const voice::Conditionals> default_voice;  // null: the folder has no conds.pt
};

// `model`: one of the names above, or a folder as published. Throws what find_family() or reading a
// file throws.
[[nodiscard]] ModelFiles open_model(const std::string& model,
                                    std::optional<Family> family = std::nullopt);

// A voice that the model ships: NAME.voice in its folder. kNotFound lists those that are there.
[[nodiscard]] std::shared_ptr<const voice::Conditionals> open_voice(const ModelFiles& files,
                                                                    const std::string& name);

// What T3 puts around the tokenizer's ids: the vocabulary's own, or the official ids where it has
// none.
[[nodiscard]] t3::TextFraming text_framing(const text::Tokenizer& tokenizer);

}  // namespace chatterbox::engine
