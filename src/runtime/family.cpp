#include "runtime/family.h"

#include <algorithm>
#include <string_view>

#include "runtime/family_table.h"
#include "support/error.h"

namespace chatterbox::runtime {
namespace {

using Names = std::vector<std::string>;

std::string joined(const Names& words, const char* between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
  return all;
}

Names split(std::string_view text, std::string_view at) {
  Names parts;
  for (size_t end = text.find(at); end != std::string_view::npos; end = text.find(at)) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + at.size());
  }
  parts.emplace_back(text);
  return parts;
}

bool matches(const FamilyTraits& traits, Family wanted) {
  return traits.family == wanted ||
         (wanted == Family::kMultilingual && traits.text == TextKind::kMultilingual);
}

// The files of a model, and what errors say of them.
class Search {
 public:
  Search(const FileSource& files, const std::string& model, std::optional<Family> wanted)
      : files_(files), model_(model), wanted_(wanted), names_(files.names()) {}

  [[nodiscard]] const FamilyTraits& choose() const;
  // The name of the companion's first file; what is missing is added to `missing`.
  [[nodiscard]] std::string find(const char* companion, Names& missing) const;
  [[nodiscard]] std::string find_sentencepiece() const;
  [[noreturn]] void fail_missing(const FamilyTraits& traits, const Names& missing) const {
    fail(Status::kNotFound, "model {}: missing {}: {}; {}", model_, joined(missing, ", "),
         contents(), needs(traits));
  }

 private:
  [[nodiscard]] static std::string needs(const FamilyTraits& traits) {
    Names needed = {traits.t3};
    needed.insert(needed.end(), traits.companions.begin(), traits.companions.end());
    return fmt::format("{} needs {}", traits.name, joined(needed, ", "));
  }
  [[nodiscard]] std::string needs_of_wanted() const;
  [[nodiscard]] std::string contents() const;

  const FileSource& files_;
  const std::string& model_;
  const std::optional<Family> wanted_;
  const Names names_;
};

std::string Search::needs_of_wanted() const {
  Names all;
  for (const FamilyTraits& traits : families()) {
    if (!wanted_ || matches(traits, *wanted_)) all.push_back(needs(traits));
  }
  return joined(all, "; ");
}

std::string Search::contents() const {
  constexpr size_t kMax = 20;
  if (names_.empty()) return "it is empty";
  const size_t count = std::min(names_.size(), kMax);
  const auto end = names_.begin() + static_cast<std::ptrdiff_t>(count);
  const std::string more =
      count < names_.size() ? fmt::format(" and {} more", names_.size() - count) : "";
  return "it has " + joined({names_.begin(), end}, ", ") + more;
}

const FamilyTraits& Search::choose() const {
  std::vector<const FamilyTraits*> found;
  for (const FamilyTraits& traits : families()) {
    if ((!wanted_ || matches(traits, *wanted_)) && files_.has(traits.t3)) found.push_back(&traits);
  }
  if (found.empty()) {
    fail(Status::kNotFound, "model {}: no T3 of {}: {}; {}", model_,
         wanted_ ? "the family that was asked for" : "any family", contents(), needs_of_wanted());
  }
  if (!wanted_ && found.size() > 1) {
    Names t3s;
    for (const FamilyTraits* traits : found) {
      t3s.push_back(fmt::format("{} ({})", traits->t3, traits->name));
    }
    fail(Status::kInvalidArgument,
         "model {}: holds {}, so family must say which one is to be used; {}", model_,
         joined(t3s, " and "), needs_of_wanted());
  }
  return *found.front();
}

std::string Search::find(const char* companion, Names& missing) const {
  for (const std::string& alternative : split(companion, " or ")) {
    const Names together = split(alternative, " and ");
    const auto is_there = [this](const std::string& name) { return files_.has(name); };
    if (std::all_of(together.begin(), together.end(), is_there)) return together.front();
  }
  missing.emplace_back(companion);
  return {};
}

// Fine-tunes ship one beside or in place of the family's own tokenizer.
std::string Search::find_sentencepiece() const {
  constexpr std::string_view kEnding = ".model";
  Names models;
  for (const std::string& name : names_) {
    if (name.size() > kEnding.size() &&
        name.compare(name.size() - kEnding.size(), kEnding.size(), kEnding) == 0) {
      models.push_back(name);
    }
  }
  if (models.size() > 1) {
    fail(Status::kInvalidArgument, "model {}: more than one SentencePiece tokenizer: {}", model_,
         joined(models, ", "));
  }
  return models.empty() ? std::string() : models.front();
}

}  // namespace

FamilyFiles find_family(const FileSource& files, const std::string& model,
                        std::optional<Family> wanted, S3Gen s3gen) {
  const Search search(files, model, wanted);
  FamilyFiles found;
  found.traits = search.choose();
  found.t3 = found.traits.t3;
  found.sentencepiece = search.find_sentencepiece();
  Names missing;
  if (s3gen == S3Gen::kOwn) found.s3gen = search.find(found.traits.companions[0], missing);
  found.voice_encoder = search.find(found.traits.companions[1], missing);
  if (found.sentencepiece.empty()) (void)search.find(found.traits.companions[2], missing);
  if (!missing.empty()) search.fail_missing(found.traits, missing);
  if (files.has("conds.pt")) found.default_voice = "conds.pt";
  return found;
}

}  // namespace chatterbox::runtime
