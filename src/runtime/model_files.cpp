#include "runtime/model_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "checkpoint/safetensors.h"
#include "checkpoint/torch_checkpoint.h"
#include "support/error.h"
#include "support/format.h"
#include "support/installed.h"
#include "text/punc_norm.h"
#include "text/spoken_form.h"

namespace chatterbox::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVoiceEnding = ".voice";

// The installed one, or that of the sources that this code was built from.
std::string demo_folder() {
  const fs::path installed = fs::path("models") / kDemoModel;
  if (const auto file = find_installed(installed / "t3_cfg.safetensors")) {
    return fs::path(*file).parent_path();
  }
  std::error_code error;
  if (fs::is_directory(CHATTERBOX_DEMO_BUILT, error)) return CHATTERBOX_DEMO_BUILT;
  fail(Status::kNotFound,
       "model {}: not installed (share/chatterbox/{} beside the folder of the library)", kDemoModel,
       installed.string());
}

std::string folder_of(const std::string& model) {
  if (model == kDemoModel) return demo_folder();
  std::error_code error;
  if (!fs::is_directory(model, error)) {
    fail(Status::kNotFound, "model {}: no such folder (a checkpoint folder, or \"{}\")", model,
         kDemoModel);
  }
  return model;
}

std::shared_ptr<const FileSource> in_memory(const EngineOptions& options) {
  FilesInMemory::Files files;
  for (const NamedBytes& file : options.files) {
    if (!files.emplace(file.name, own_bytes(file.bytes)).second) {
      fail(Status::kInvalidArgument, "files must have different names, two are {}", file.name);
    }
  }
  return std::make_shared<FilesInMemory>(options.model, std::move(files));
}

std::shared_ptr<const checkpoint::TensorFile> open_weights(const FileSource& source,
                                                           const std::string& name,
                                                           FileAccess access) {
  std::shared_ptr<const FileBytes> bytes = source.open(name, access);
  const std::string path = source.path(name);
  return fs::path(name).extension() == ".pt"
             ? checkpoint::parse_torch_checkpoint(std::move(bytes), path)
             : checkpoint::parse_safetensors(std::move(bytes), path);
}

// The model's own, or the file that is to be used in its place.
std::shared_ptr<const checkpoint::TensorFile> open_s3gen(const EngineOptions& options,
                                                         const FileSource& source,
                                                         const std::string& name) {
  const FileAccess access = access_of(options.weights);
  if (options.s3gen.empty()) return open_weights(source, name, access);
  const fs::path file(options.s3gen);
  const Folder folder(file.parent_path().empty() ? "." : file.parent_path().string());
  return open_weights(folder, file.filename().string(), access);
}

std::shared_ptr<const text::Tokenizer> open_tokenizer(const FileSource& source,
                                                      const FamilyFiles& names) {
  if (!names.sentencepiece.empty()) {
    return text::load_sentencepiece_tokenizer(
        source, names.sentencepiece,
        names.traits.text == TextKind::kFlash ? text::spoken_form : text::punc_norm_english);
  }
  switch (names.traits.text) {
    case TextKind::kEnglish:
      return text::load_english_tokenizer(source);
    case TextKind::kMultilingual:
      return text::load_multilingual_tokenizer(source);
    case TextKind::kGpt2:
      return text::load_turbo_tokenizer(source);
    case TextKind::kFlash:
      return text::load_flash_tokenizer(source);
  }
  fail(Status::kInternal, "no tokenizer of kind {}", static_cast<int>(names.traits.text));
}

std::shared_ptr<const voice::Conditionals> read_voice(const FileSource& source,
                                                      const std::string& name) {
  return std::make_shared<const voice::Conditionals>(voice::load(source, name));
}

}  // namespace

FileAccess access_of(Weights weights) {
  switch (weights) {
    case Weights::kRead:
      return FileAccess::kRead;
    case Weights::kLocked:
      return FileAccess::kLocked;
    case Weights::kMapped:
      break;
  }
  return FileAccess::kMapped;
}

ModelFiles open_model(const EngineOptions& options) {
  ModelFiles files;
  std::string where = options.model;
  if (options.files.empty()) {
    where = folder_of(options.model);
    files.source = std::make_shared<Folder>(where);
  } else {
    files.source = in_memory(options);
  }
  const FamilyFiles names = find_family(*files.source, where, options.family,
                                        options.s3gen.empty() ? S3Gen::kOwn : S3Gen::kGiven);
  files.traits = names.traits;
  files.by_language = names.traits.text == TextKind::kMultilingual && names.sentencepiece.empty();
  files.t3 = open_weights(*files.source, names.t3, access_of(options.weights));
  files.s3gen = open_s3gen(options, *files.source, names.s3gen);
  files.voice_encoder =
      open_weights(*files.source, names.voice_encoder, access_of(options.weights));
  files.tokenizer = open_tokenizer(*files.source, names);
  if (!names.default_voice.empty()) {
    files.default_voice = read_voice(*files.source, names.default_voice);
  }
  return files;
}

std::vector<std::string> voice_names(const ModelFiles& files) {
  std::vector<std::string> voices;
  for (const std::string& name : files.source->names()) {
    const size_t end = name.size() - std::min(name.size(), kVoiceEnding.size());
    if (end > 0 && name.compare(end, std::string::npos, kVoiceEnding) == 0) {
      voices.push_back(name.substr(0, end));
    }
  }
  return voices;
}

std::shared_ptr<const voice::Conditionals> open_voice(const ModelFiles& files,
                                                      const std::string& name) {
  const std::vector<std::string> names = voice_names(files);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    fail(Status::kNotFound, "the model has no voice {}: it has {}", name,
         names.empty() ? "none by name" : fmt::format("{}", fmt::join(names, ", ")));
  }
  return read_voice(*files.source, name + std::string(kVoiceEnding));
}

t3::TextFraming text_framing(const text::Tokenizer& tokenizer) {
  t3::TextFraming framing;
  framing.start = tokenizer.start_id().value_or(framing.start);
  framing.stop = tokenizer.stop_id().value_or(framing.stop);
  return framing;
}

}  // namespace chatterbox::runtime
