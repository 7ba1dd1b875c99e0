#include "engine/family.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "support/error.h"

namespace chatterbox::engine {
namespace {

namespace fs = std::filesystem;

// In the order of preference where kMultilingual is asked for: the Python package's default is the
// second version.
constexpr std::array<FamilyTraits, 6> kFamilies = {{
    {Family::kEnglish, "english", Kind::kEnglish, "t3_cfg.safetensors"},
    {Family::kMultilingualV2, "multilingual", Kind::kMultilingual, "t3_mtl23ls_v2.safetensors"},
    {Family::kMultilingualV3, "multilingual", Kind::kMultilingual, "t3_mtl23ls_v3.safetensors"},
    {Family::kMultilingual, "multilingual", Kind::kMultilingual, "t3_23lang.safetensors"},
    {Family::kTurbo, "turbo", Kind::kTurbo, "t3_turbo_v1.safetensors"},
    {Family::kNano, "nano", Kind::kTurbo, "t3_nano_v1.safetensors"},
}};

using Files = std::vector<std::string>;
// Any of several sets of files will do. The first that is there is taken.
using Alternatives = std::vector<Files>;

// What a family needs beside its T3.
std::vector<Alternatives> companions(Kind kind) {
  switch (kind) {
    case Kind::kEnglish:
      return {{{"s3gen.safetensors"}}, {{"ve.safetensors"}}, {{"tokenizer.json"}}};
    case Kind::kMultilingual:
      return {{{"s3gen.safetensors"}, {"s3gen.pt"}},
              {{"ve.safetensors"}, {"ve.pt"}},
              {{"grapheme_mtl_merged_expanded_v1.json"}, {"mtl_tokenizer.json"}}};
    case Kind::kTurbo:
      return {{{"s3gen_meanflow.safetensors"}},
              {{"ve.safetensors"}},
              {{"vocab.json", "merges.txt"}, {"tokenizer.json"}}};
  }
  fail(Status::kInternal, "no family of kind {}", static_cast<int>(kind));
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
  return all;
}

std::string described(const Alternatives& alternatives) {
  std::vector<std::string> sets;
  for (const Files& files : alternatives) sets.push_back(joined(files, " and "));
  return joined(sets, " or ");
}

std::string described(const FamilyTraits& traits) {
  std::vector<std::string> needed = {traits.t3};
  for (const Alternatives& one : companions(traits.kind)) needed.push_back(described(one));
  return fmt::format("{} needs {}", traits.name, joined(needed, ", "));
}

class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {
    std::error_code error;
    if (!fs::is_directory(path_, error)) {
      fail(Status::kNotFound, "model {}: no such folder (a checkpoint folder, or \"demo\")", path_);
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
      names_.push_back(entry.path().filename().string());
    }
    if (error) fail(Status::kIo, "model {}: {}", path_, error.message());
    std::sort(names_.begin(), names_.end());
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (fs::path(path_) / name).string();
  }
  [[nodiscard]] bool has(const std::string& name) const {
    return std::binary_search(names_.begin(), names_.end(), name);
  }
  [[nodiscard]] bool has_all(const Files& files) const {
    return std::all_of(files.begin(), files.end(), [this](const auto& name) { return has(name); });
  }
  [[nodiscard]] std::vector<std::string> ending_in(const std::string& end) const {
    std::vector<std::string> found;
    for (const std::string& name : names_) {
      if (fs::path(name).extension() == end) found.push_back(name);
    }
    return found;
  }
  [[nodiscard]] std::string contents() const {
    constexpr size_t kMost = 20;
    if (names_.empty()) return "it is empty";
    const size_t count = std::min(names_.size(), kMost);
    const auto end = names_.begin() + static_cast<std::ptrdiff_t>(count);
    const std::string more =
        count < names_.size() ? fmt::format(" and {} more", names_.size() - count) : "";
    return "it has " + joined({names_.begin(), end}, ", ") + more;
  }

 private:
  std::string path_;
  std::vector<std::string> names_;  // sorted
};

bool matches(const FamilyTraits& traits, Family wanted) {
  return traits.family == wanted ||
         (wanted == Family::kMultilingual && traits.kind == Kind::kMultilingual);
}

std::string needs_of(const std::optional<Family>& wanted) {
  std::vector<std::string> all;
  for (const FamilyTraits& traits : kFamilies) {
    if (!wanted || matches(traits, *wanted)) all.push_back(described(traits));
  }
  return joined(all, "; ");
}

FamilyTraits choose(const Folder& folder, std::optional<Family> wanted) {
  std::vector<FamilyTraits> found;
  for (const FamilyTraits& traits : kFamilies) {
    if ((!wanted || matches(traits, *wanted)) && folder.has(traits.t3)) found.push_back(traits);
  }
  if (found.empty()) {
    fail(Status::kNotFound, "model {}: no T3 of {}: {}; {}", folder.path(),
         wanted ? "the family that was asked for" : "any family", folder.contents(),
         needs_of(wanted));
  }
  if (!wanted && found.size() > 1) {
    std::vector<std::string> files;
    for (const FamilyTraits& traits : found) {
      files.push_back(fmt::format("{} ({})", traits.t3, traits.name));
    }
    fail(Status::kInvalidArgument,
         "model {}: holds {}, so family must say which one is to be used; {}", folder.path(),
         joined(files, " and "), needs_of(wanted));
  }
  return found.front();
}

// The first file of the alternative that is there; what is missing is added to `missing`.
std::string find(const Folder& folder, const Alternatives& alternatives,
                 std::vector<std::string>& missing) {
  for (const Files& files : alternatives) {
    if (folder.has_all(files)) return folder.file(files.front());
  }
  missing.push_back(described(alternatives));
  return {};
}

// Fine-tunes ship one beside or in place of the family's own tokenizer.
std::string find_sentencepiece(const Folder& folder) {
  const std::vector<std::string> models = folder.ending_in(".model");
  if (models.size() > 1) {
    fail(Status::kInvalidArgument, "model {}: more than one SentencePiece tokenizer: {}",
         folder.path(), joined(models, ", "));
  }
  return models.empty() ? std::string() : folder.file(models.front());
}

}  // namespace

const FamilyTraits& english_traits() { return kFamilies.front(); }

Request default_request(const FamilyTraits& traits) {
  Request request;
  request.analyze_alignment = traits.family == Family::kMultilingualV2;
  if (traits.kind == Kind::kTurbo) {  // tts_turbo.py, generate()
    request.cfg_weight = 0;
    request.exaggeration = 0;
    request.min_p = 0;
    request.top_p = 0.95F;
    request.top_k = 1000;
    request.cfm_steps = 2;
  }
  return request;
}

FamilyFiles find_family(const std::string& path, std::optional<Family> wanted) {
  const Folder folder(path);
  FamilyFiles files;
  files.traits = choose(folder, wanted);
  files.t3 = folder.file(files.traits.t3);
  files.sentencepiece = find_sentencepiece(folder);
  const std::vector<Alternatives> needed = companions(files.traits.kind);
  std::vector<std::string> missing;
  files.s3gen = find(folder, needed[0], missing);
  files.voice_encoder = find(folder, needed[1], missing);
  if (files.sentencepiece.empty()) (void)find(folder, needed[2], missing);
  if (!missing.empty()) {
    fail(Status::kNotFound, "model {}: missing {}: {}; {}", folder.path(), joined(missing, ", "),
         folder.contents(), described(files.traits));
  }
  if (folder.has("conds.pt")) files.default_voice = folder.file("conds.pt");
  return files;
}

}  // namespace chatterbox::engine
