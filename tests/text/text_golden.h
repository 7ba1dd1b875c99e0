// The JSON files of tests/golden that hold texts.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "support/file_source.h"

namespace chatterbox::text {

inline const nlohmann::json& golden(const std::string& file) {
  static std::map<std::string, nlohmann::json> files;
  auto& json = files[file];
  if (json.is_null()) {
    std::ifstream stream(std::string(CHATTERBOX_TEST_DATA) + "/golden/" + file);
    EXPECT_TRUE(stream.is_open()) << file;
    json = nlohmann::json::parse(stream);
  }
  return json;
}

// Every text of both files: input, normalized, ids.
inline nlohmann::json all_texts() {
  nlohmann::json texts = golden("text_english.json");
  for (const auto& text : golden("text_english_extra.json").at("texts")) texts.push_back(text);
  return texts;
}

// Every text of one family: of its file from the reference, and of text_family_extra.json.
inline nlohmann::json family_texts(const std::string& family) {
  nlohmann::json texts = golden("text_" + family + ".json");
  for (const auto& text : golden("text_family_extra.json").at(family)) texts.push_back(text);
  return texts;
}

// The tokenizer of the English checkpoint.
inline Folder english_files() {
  return Folder(std::string(CHATTERBOX_TEST_DATA) + "/support/synthetic/data");
}

inline std::string english_tokenizer_json() {
  return english_files().read("tokenizer.json", size_t{1} << 20U);
}

}  // namespace chatterbox::text
