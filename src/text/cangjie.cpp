#include "text/cangjie.h"

#include <algorithm>

#include "support/shorten.h"
#include "text/json_reader.h"
#include "text/text_file.h"

namespace chatterbox::text {
namespace {

struct Table {
  std::unordered_map<std::string, std::string> codes;  // of each character, the last one counts
  std::unordered_map<std::string, std::vector<std::string>> characters;  // of each code, in order
};

Table read_table(const JsonReader& reader, const Json& json) {
  if (!json.is_array()) reader.bad("must be an array, is {}", json.type_name());
  if (json.size() > kMaxTokens) {
    reader.bad("must have at most {} entries, has {}", kMaxTokens, json.size());
  }
  Table table;
  for (const Json& item : json) {
    const std::string& entry = reader.get_string(item, "an entry");
    const size_t tab = entry.find('\t');
    const std::string character = entry.substr(0, tab);
    const std::string code =
        tab == std::string::npos ? "" : entry.substr(tab + 1, entry.find('\t', tab + 1) - tab - 1);
    if (character.empty() || code.empty()) {
      reader.bad("an entry must be a character, a tab and a code, is '{}'", shorten(entry));
    }
    table.codes[character] = code;
    table.characters[code].push_back(character);
  }
  return table;
}

}  // namespace

Cangjie::Cangjie(const FileSource& files, const BpeTokenizer& tokenizer) {
  constexpr const char* kName = "Cangjie5_TC.json";
  const JsonReader reader(files.path(kName));
  const Table table = read_table(reader, reader.parse(files.read(kName, kMaxFileBytes)));
  const auto id_of = [&](char key, const std::string& character) {
    const std::string token = std::string("[cj_") + key + "]";
    const auto id = tokenizer.find(token);
    if (!id) {
      reader.bad("the code of '{}' needs {}, which is no token", shorten(character), token);
    }
    return *id;
  };
  for (const auto& [character, code] : table.codes) {
    const std::vector<std::string>& same = table.characters.at(code);
    const auto index = std::find(same.begin(), same.end(), character) - same.begin();
    std::vector<int64_t>& ids = ids_[character];
    for (const char key : index == 0 ? code : code + std::to_string(index)) {
      ids.push_back(id_of(key, character));
    }
    ids.push_back(id_of('.', character));
  }
}

const std::vector<int64_t>* Cangjie::find(std::string_view character) const {
  const auto found = ids_.find(std::string(character));
  return found == ids_.end() ? nullptr : &found->second;
}

}  // namespace chatterbox::text
