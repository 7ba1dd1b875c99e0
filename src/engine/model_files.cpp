#include "engine/model_files.h"

#include <filesystem>

#include "checkpoint/safetensors.h"
#include "checkpoint/synthetic.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kT3 = "t3_cfg.safetensors";
constexpr const char* kS3Gen = "s3gen.safetensors";
constexpr const char* kVoiceEncoder = "ve.safetensors";
constexpr const char* kTokenizer = "tokenizer.json";
constexpr const char* kConds = "conds.pt";

ModelFiles make_demo() {
  const auto size = checkpoint::SyntheticSize::kTiny;
  const std::string_view conds = checkpoint::synthetic_conds_pt(size);
  ModelFiles files;
  files.t3 = checkpoint::make_synthetic("t3_cfg", size);
  files.s3gen = checkpoint::make_synthetic("s3gen", size);
  files.voice_encoder = checkpoint::make_synthetic("ve", size);
  files.tokenizer = std::make_shared<text::EnglishTokenizer>(
      text::EnglishTokenizer::parse(checkpoint::synthetic_tokenizer_json(), "demo/tokenizer.json"));
  files.default_voice = std::make_shared<voice::Conditionals>(
      voice::parse(conds.data(), conds.size(), "demo/conds.pt"));
  return files;
}

void require_files(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    fail(Status::kNotFound, "model {}: no such folder (a checkpoint folder, or \"demo\")",
         folder.string());
  }
  std::string missing;
  for (const char* name : {kT3, kS3Gen, kVoiceEncoder, kTokenizer}) {
    if (!fs::exists(folder / name, error))
      missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  if (!missing.empty()) {
    fail(Status::kNotFound, "model {}: missing {}", folder.string(), missing);
  }
}

}  // namespace

ModelFiles open_model(const std::string& model) {
  if (model == "demo") return make_demo();
  const fs::path folder(model);
  require_files(folder);
  ModelFiles files;
  files.t3 = checkpoint::open_safetensors((folder / kT3).string());
  files.s3gen = checkpoint::open_safetensors((folder / kS3Gen).string());
  files.voice_encoder = checkpoint::open_safetensors((folder / kVoiceEncoder).string());
  files.tokenizer = std::make_shared<text::EnglishTokenizer>(
      text::EnglishTokenizer::load((folder / kTokenizer).string()));
  std::error_code error;
  if (fs::exists(folder / kConds, error)) {
    files.default_voice =
        std::make_shared<voice::Conditionals>(voice::load((folder / kConds).string()));
  }
  return files;
}

}  // namespace chatterbox::engine
