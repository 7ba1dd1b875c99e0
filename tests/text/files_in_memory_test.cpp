// Tokenizers of a model whose files are in memory.
#include <gtest/gtest.h>

#include "text/data_copy.h"
#include "text/punc_norm.h"
#include "text/text_file.h"
#include "text/text_golden.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

FilesInMemory in_memory(const FileSource& files) {
  FilesInMemory::Files copies;
  for (const std::string& name : files.names()) {
    copies[name] = own_bytes(files.read(name, kMaxFileBytes));
  }
  return {"given", std::move(copies)};
}

using Load = std::shared_ptr<const Tokenizer> (*)(const FileSource&);

std::shared_ptr<const Tokenizer> load_bpe_model(const FileSource& files) {
  return load_sentencepiece_tokenizer(files, "bpe.model", punc_norm_english);
}

void expect_same_ids(Load load, const FileSource& files, const std::string& language) {
  const auto from_folder = load(files);
  const auto from_memory = load(in_memory(files));
  for (const char* text : {"The old ships, 12 of them.", "Ärger (mit) Umlauten!"}) {
    EXPECT_EQ(from_memory->encode(text, language), from_folder->encode(text, language)) << text;
  }
  EXPECT_EQ(from_memory->start_id(), from_folder->start_id());
}

TEST(TokenizersInMemory, GiveWhatThoseOfAFolderGive) {
  expect_same_ids(load_english_tokenizer, english_files(), "");
  expect_same_ids(load_turbo_tokenizer, Folder(data_folder("turbo")), "");
  expect_same_ids(load_multilingual_tokenizer, Folder(data_folder("multilingual")), "de");
  expect_same_ids(load_bpe_model, Folder(data_folder("sentencepiece")), "");
}

TEST(TokenizersInMemory, NameTheFileThatIsMissing) {
  const auto expect_missing = [](Load load, const std::string& file) {
    expect_error(Status::kNotFound, "given/" + file + ": not among the files that were given",
                 [&] { (void)load(FilesInMemory("given", {})); });
  };
  expect_missing(load_english_tokenizer, "tokenizer.json");
  expect_missing(load_turbo_tokenizer, "vocab.json");
  expect_missing(load_multilingual_tokenizer, "grapheme_mtl_merged_expanded_v1.json");
  expect_missing(load_bpe_model, "bpe.model");
}

TEST(TokenizersInMemory, NameTheFileThatIsDamaged) {
  const FilesInMemory files("given", {{"tokenizer.json", own_bytes("{")}});
  expect_error(Status::kBadModelFile, "given/tokenizer.json: not valid JSON",
               [&] { (void)load_english_tokenizer(files); });
}

}  // namespace
}  // namespace chatterbox::text
