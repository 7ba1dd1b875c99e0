// The families of models: what sets them apart beside their weights, and the files of each.
// Torch-free.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <optional>
#include <string>
#include <vector>

namespace chatterbox::engine {

// The multilingual versions differ in their files and in their defaults only.
enum class Kind { kEnglish, kMultilingual, kTurbo };  // Turbo's: Nano's too

struct FamilyTraits {
  Family family;     // kMultilingual: the first version
  const char* name;  // EngineInfo::family
  Kind kind;
  const char* t3;  // the weights' file, by which a folder is recognised
};

// What a request takes where it says nothing: the defaults of the Python package's classes. The
// alignment analyzer is on for the second multilingual version, as in the package's release.
[[nodiscard]] Request default_request(const FamilyTraits& traits);

// The paths of a model's files.
struct FamilyFiles {
  FamilyTraits traits;
  std::string t3, s3gen, voice_encoder;
  std::string sentencepiece;  // a tokenizer to be used in place of the family's own; may be empty
  std::string default_voice;  // may be empty
};

// Looks for `wanted`, or else for the one family whose T3 the folder has. kNotFound: no folder, no
// T3, or not all of the family's files. kInvalidArgument: more than one family. Both say what is
// there, and what is needed.
[[nodiscard]] FamilyFiles find_family(const std::string& folder, std::optional<Family> wanted);

// The synthetic model's.
[[nodiscard]] const FamilyTraits& english_traits();

}  // namespace chatterbox::engine
