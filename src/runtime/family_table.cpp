#include "runtime/family_table.h"

#include "runtime/speech_tokens.h"

namespace chatterbox::runtime {
namespace {

FamilyTraits english() {
  FamilyTraits traits{};
  traits.family = Family::kEnglish;
  traits.name = "english";
  traits.t3 = "t3_cfg.safetensors";
  traits.companions = {"s3gen.safetensors", "ve.safetensors", "tokenizer.json"};
  traits.text = TextKind::kEnglish;
  traits.guided = true;
  traits.piece_tokens = 160;  // of two or three letters
  traits.speech_tokens = valid_speech_tokens;
  traits.recipe = voice::kEnglishRecipe;
  return traits;
}

// The multilingual package drops the last token's sound, which before an end of speech is noise
// (mtl_tts.py).
FamilyTraits multilingual(Family family, const char* t3) {
  FamilyTraits traits = english();
  traits.family = family;
  traits.name = "multilingual";
  traits.t3 = t3;
  traits.companions = {"s3gen.safetensors or s3gen.pt", "ve.safetensors or ve.pt",
                       "grapheme_mtl_merged_expanded_v1.json or mtl_tokenizer.json"};
  traits.text = TextKind::kMultilingual;
  traits.drops_last_token = true;
  traits.defaults.analyze_alignment = family == Family::kMultilingualV2;
  return traits;
}

// tts_turbo.py, generate().
FamilyTraits turbo(Family family, const char* name, const char* t3) {
  FamilyTraits traits{};
  traits.family = family;
  traits.name = name;
  traits.t3 = t3;
  traits.companions = {"s3gen_meanflow.safetensors", "ve.safetensors",
                       "vocab.json and merges.txt or tokenizer.json"};
  traits.text = TextKind::kGpt2;
  traits.meanflow = true;
  traits.piece_tokens = 80;  // a token is a word, or most of one
  traits.speech_tokens = turbo_speech_tokens;
  traits.recipe = voice::kTurboRecipe;
  traits.defaults.cfg_weight = 0;
  traits.defaults.exaggeration = 0;
  traits.defaults.min_p = 0;
  traits.defaults.top_p = 0.95F;
  traits.defaults.top_k = 1000;
  traits.defaults.cfm_steps = 2;
  return traits;
}

// chatterbox-flash 0.1.0, tts.py, generate(). Its S3Gen is Turbo's under English's name.
FamilyTraits flash() {
  FamilyTraits traits = english();
  traits.family = Family::kFlash;
  traits.name = "flash";
  traits.t3 = "t3_flash.safetensors";
  traits.text = TextKind::kFlash;
  traits.blocks = true;
  traits.meanflow = true;
  traits.speech_tokens = known_speech_tokens;
  traits.defaults.temperature = 0.6F;
  traits.defaults.cfg_weight = 1;
  traits.defaults.min_p = 0;
  traits.defaults.repetition_penalty = 1;
  traits.defaults.max_new_tokens = 4096;  // by the text; see ModelSet::token_budget()
  traits.defaults.cfm_steps = 2;
  return traits;
}

}  // namespace

const std::vector<FamilyTraits>& families() {
  static const std::vector<FamilyTraits> all = {
      english(),
      multilingual(Family::kMultilingualV2, "t3_mtl23ls_v2.safetensors"),
      multilingual(Family::kMultilingualV3, "t3_mtl23ls_v3.safetensors"),
      multilingual(Family::kMultilingual, "t3_23lang.safetensors"),
      turbo(Family::kTurbo, "turbo", "t3_turbo_v1.safetensors"),
      turbo(Family::kNano, "nano", "t3_nano_v1.safetensors"),
      flash(),
  };
  return all;
}

}  // namespace chatterbox::runtime
