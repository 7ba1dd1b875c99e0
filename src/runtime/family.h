// The families of models: all that sets them apart beside their weights, in one table. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/options.h"
#include "support/file_source.h"
#include "voice/voice_recipe.h"

namespace chatterbox::runtime {

// What a text goes through before T3.
enum class TextKind {
  kEnglish,       // BPE over letters
  kMultilingual,  // the same, by language
  kGpt2,          // GPT-2's bytes
  kFlash,         // numbers and the like as words, then as English
};

struct FamilyTraits {
  Family family = Family::kEnglish;  // kMultilingual: the first version
  const char* name = nullptr;        // EngineInfo::family
  const char* t3 = nullptr;          // the weights' file, by which a folder is recognised
  // The other files: of S3Gen, the voice encoder and the tokenizer. " or ": any of these will do,
  // and the first that is there is taken; " and ": all of them.
  std::array<const char*, 3> companions{};
  TextKind text = TextKind::kEnglish;
  bool guided = false;            // T3 takes guidance, exaggeration and min-p, and no top-k
  bool blocks = false;            // T3 fills blocks, and draws with guidance and temperature alone
  bool meanflow = false;          // S3Gen's flow must be one that takes few steps, without guidance
  bool drops_last_token = false;  // of S3Gen's wave, where the speech has ended
  int64_t piece_tokens = 0;       // of a long text: as many as are spoken in half a minute or less
  // What S3Gen may see of the tokens that T3 drew; see speech_tokens.h.
  std::vector<int64_t> (*speech_tokens)(const std::vector<int64_t>& drawn,
                                        int64_t vocabulary) = nullptr;
  voice::VoiceRecipe recipe;
  // Of the Python package's classes. The alignment analyzer is on for the second multilingual
  // version, as in the package's release.
  RequestDefaults defaults;
};

// The names of a model's files.
struct FamilyFiles {
  FamilyTraits traits;
  std::string t3, s3gen, voice_encoder;
  std::string sentencepiece;  // a tokenizer to be used in place of the family's own; may be empty
  std::string default_voice;  // may be empty
};

// Whether a model is to have its own S3Gen, or was given another.
enum class S3Gen { kOwn, kGiven };

// Looks for `wanted`, or else for the one family whose T3 is among the files of `model`. kNotFound:
// no T3, or not all of the family's files. kInvalidArgument: more than one family. Both say what is
// there, and what is needed.
[[nodiscard]] FamilyFiles find_family(const FileSource& files, const std::string& model,
                                      std::optional<Family> wanted, S3Gen s3gen = S3Gen::kOwn);

}  // namespace chatterbox::runtime
