#include "engine/model_files.h"

#include <filesystem>
#include <set>

#include "checkpoint/safetensors.h"
#include "checkpoint/synthetic.h"
#include "checkpoint/torch_checkpoint.h"
#include "support/error.h"
#include "support/format.h"
#include "support/installed.h"
#include "text/punc_norm.h"

namespace chatterbox::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVoiceEnding = ".voice";

// The installed one, or that of the sources that this code was built from.
std::string demo_folder() {
  const fs::path sign = fs::path(kDemoModel) / "t3_cfg.safetensors";
  if (auto file = find_installed(sign)) return fs::path(*file).parent_path();
  std::error_code error;
  if (fs::is_directory(CHATTERBOX_DEMO_BUILT, error)) return CHATTERBOX_DEMO_BUILT;
  fail(Status::kNotFound,
       "model {}: not installed (share/chatterbox/{} beside the folder of the library)", kDemoModel,
       kDemoModel);
}

ModelFiles make_synthetic_model(std::optional<Family> family) {
  if (family && *family != Family::kEnglish) {
    fail(Status::kInvalidArgument, "model {} is of the family english, and no other",
         kSyntheticModel);
  }
  const auto size = checkpoint::SyntheticSize::kTiny;
  const std::string_view conds = checkpoint::synthetic_conds_pt(size);
  ModelFiles files;
  files.traits = english_traits();
  files.t3 = checkpoint::make_synthetic("t3_cfg", size);
  files.s3gen = checkpoint::make_synthetic("s3gen", size);
  files.voice_encoder = checkpoint::make_synthetic("ve", size);
  files.tokenizer = text::make_english_tokenizer(checkpoint::synthetic_tokenizer_json(),
                                                 "synthetic/tokenizer.json");
  files.default_voice = std::make_shared<voice::Conditionals>(
      voice::parse(conds.data(), conds.size(), "synthetic/conds.pt"));
  return files;
}

std::shared_ptr<const checkpoint::TensorFile> open_weights(const std::string& path) {
  return fs::path(path).extension() == ".pt" ? checkpoint::open_torch_checkpoint(path)
                                             : checkpoint::open_safetensors(path);
}

std::shared_ptr<const text::Tokenizer> open_tokenizer(const FamilyFiles& files,
                                                      const std::string& folder) {
  if (!files.sentencepiece.empty()) {
    return text::load_sentencepiece_tokenizer(files.sentencepiece, text::punc_norm_english);
  }
  switch (files.traits.kind) {
    case Kind::kEnglish:
      return text::load_english_tokenizer((fs::path(folder) / "tokenizer.json").string());
    case Kind::kMultilingual:
      return text::load_multilingual_tokenizer(folder);
    case Kind::kTurbo:
      return text::load_turbo_tokenizer(folder);
  }
  fail(Status::kInternal, "no family of kind {}", static_cast<int>(files.traits.kind));
}

}  // namespace

ModelFiles open_model(const std::string& model, std::optional<Family> family) {
  if (model == kSyntheticModel) return make_synthetic_model(family);
  const std::string folder = model == kDemoModel ? demo_folder() : model;
  const FamilyFiles paths = find_family(folder, family);
  ModelFiles files;
  files.folder = folder;
  files.traits = paths.traits;
  files.by_language = paths.traits.kind == Kind::kMultilingual && paths.sentencepiece.empty();
  files.t3 = open_weights(paths.t3);
  files.s3gen = open_weights(paths.s3gen);
  files.voice_encoder = open_weights(paths.voice_encoder);
  files.tokenizer = open_tokenizer(paths, folder);
  if (!paths.default_voice.empty()) {
    files.default_voice = std::make_shared<voice::Conditionals>(voice::load(paths.default_voice));
  }
  return files;
}

std::shared_ptr<const voice::Conditionals> open_voice(const ModelFiles& files,
                                                      const std::string& name) {
  std::set<std::string> names;
  if (!files.folder.empty()) {
    std::error_code error;  // a folder that is gone has none
    for (const fs::directory_entry& entry : fs::directory_iterator(files.folder, error)) {
      if (entry.path().extension() == kVoiceEnding) names.insert(entry.path().stem().string());
    }
  }
  if (names.count(name) == 0) {
    fail(Status::kNotFound, "the model has no voice {}: it has {}", name,
         names.empty() ? "none by name" : fmt::format("{}", fmt::join(names, ", ")));
  }
  const fs::path path = fs::path(files.folder) / (name + kVoiceEnding);
  return std::make_shared<const voice::Conditionals>(voice::load(path.string()));
}

t3::TextFraming text_framing(const text::Tokenizer& tokenizer) {
  t3::TextFraming framing;
  framing.start = tokenizer.start_id().value_or(framing.start);
  framing.stop = tokenizer.stop_id().value_or(framing.stop);
  return framing;
}

}  // namespace chatterbox::engine
