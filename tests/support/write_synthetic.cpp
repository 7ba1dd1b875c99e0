// Writes a model of made-up weights as a checkpoint folder, the synthetic model or one of another
// family or size: what the full-size tests, the benchmarks and the goldens run on. See usage().
#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"
#include "support/error.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

// The official names of a family's files.
struct FamilyFiles {
  std::string_view name;
  std::array<const char*, 3> weights;   // without .safetensors
  std::vector<const char*> tokenizers;  // copied; none: embedded here, as the voice is
};

const std::vector<FamilyFiles>& families() {
  static const std::vector<const char*> gpt2 = {"vocab.json", "merges.txt", "added_tokens.json",
                                                "tokenizer_config.json"};
  static const std::vector<const char*> graphemes = {"grapheme_mtl_merged_expanded_v1.json",
                                                     "Cangjie5_TC.json"};
  static const std::vector<FamilyFiles> all = {
      {"english", {"t3_cfg", "s3gen", "ve"}, {}},
      {"multilingual", {"t3_mtl23ls_v2", "s3gen", "ve"}, graphemes},
      {"multilingual-v3", {"t3_mtl23ls_v3", "s3gen", "ve"}, graphemes},
      {"turbo", {"t3_turbo_v1", "s3gen_meanflow", "ve"}, gpt2},
      {"nano", {"t3_nano_v1", "s3gen_meanflow", "ve"}, gpt2},
      {"flash", {"t3_flash", "s3gen_meanflow", "ve"}, {}},
  };
  return all;
}

// Flash has its mean flow under English's name.
std::string file_name(const FamilyFiles& family, const std::string& weights) {
  const bool plain = family.name == "flash" && weights == "s3gen_meanflow";
  return (plain ? "s3gen" : weights) + ".safetensors";
}

void usage(std::ostream& out) {
  out << "usage: write_synthetic [--family FAMILY] [--tokenizer FROM] tiny|full DIR\n\n"
         "Makes DIR where it is missing and writes a checkpoint folder there, with made-up "
         "weights. "
         "The names\n"
         "are the official ones; with full, the shapes are too. FAMILY and what is written:\n";
  for (const FamilyFiles& family : families()) {
    out << "  " << family.name << ":";
    for (const char* name : family.weights) out << ' ' << file_name(family, name);
    for (const char* name : family.tokenizers) out << ", " << name;
    if (family.tokenizers.empty()) out << ", tokenizer.json";
    out << (family.name == "english" ? ", conds.pt; the default\n" : "\n");
  }
  out << "nano is full only. multilingual-v3 may be added to a folder of multilingual.\n"
         "FROM: a folder with the tokenizer's files, which are copied; needed for all but "
         "english and flash.\n"
         "tiny: 32 to 110 MB; full: 1.4 GB (nano) to 3.2 GB (english), and up to 2.1 GB of memory "
         "meanwhile.\n";
}

struct Arguments {
  const FamilyFiles* family = &families().front();
  fs::path tokenizer;
  SyntheticSize size = SyntheticSize::kTiny;
  fs::path folder;
};

const FamilyFiles& find_family(const std::string& name) {
  std::string known;
  for (const FamilyFiles& family : families()) {
    if (family.name == name) return family;
    known += (known.empty() ? "" : ", ") + std::string(family.name);
  }
  fail(Status::kInvalidArgument, "--family must be one of {}, got {}", known, name);
}

void check(const Arguments& arguments) {
  const FamilyFiles& family = *arguments.family;
  if (arguments.size == SyntheticSize::kTiny && family.name == "nano") {
    fail(Status::kInvalidArgument, "there is no tiny model of family nano, only full");
  }
  if (family.tokenizers.empty() && !arguments.tokenizer.empty()) {
    fail(Status::kInvalidArgument, "the tokenizer of family {} is built in, got --tokenizer {}",
         family.name, arguments.tokenizer.string());
  }
  if (!family.tokenizers.empty() && arguments.tokenizer.empty()) {
    fail(Status::kInvalidArgument,
         "family {} needs --tokenizer and a folder with its tokenizer's files", family.name);
  }
}

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  std::vector<std::string> rest;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.compare(0, 2, "--") != 0) {
      rest.push_back(word);
      continue;
    }
    if (word != "--family" && word != "--tokenizer") {
      fail(Status::kInvalidArgument, "there is no option {}", word);
    }
    if (++i == words.size()) fail(Status::kInvalidArgument, "{} needs a value", word);
    if (word == "--family") {
      arguments.family = &find_family(words[i]);
    } else {
      arguments.tokenizer = words[i];
    }
  }
  if (rest.size() != 2) {
    fail(Status::kInvalidArgument, "two arguments are asked for, got {}", rest.size());
  }
  if (rest[0] != "tiny" && rest[0] != "full") {
    fail(Status::kInvalidArgument, "SIZE must be tiny or full, got {}", rest[0]);
  }
  arguments.size = rest[0] == "tiny" ? SyntheticSize::kTiny : SyntheticSize::kFull;
  arguments.folder = rest[1];
  check(arguments);
  return arguments;
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) fail(Status::kIo, "{}: cannot be written", path.string());
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(Status::kIo, "{}: cannot be made: {}", folder.string(), error.message());
}

void copy_into(const fs::path& folder, const fs::path& file) {
  std::error_code error;
  fs::copy_file(file, folder / file.filename(), fs::copy_options::overwrite_existing, error);
  if (error) fail(Status::kIo, "{}: cannot be copied: {}", file.string(), error.message());
}

void write_checkpoint(const Arguments& arguments) {
  const fs::path& folder = arguments.folder;
  make_folder(folder);
  // Before the weights, which take long.
  for (const char* name : arguments.family->tokenizers) {
    copy_into(folder, arguments.tokenizer / name);
  }
  if (arguments.family->tokenizers.empty()) {
    write_file(folder / "tokenizer.json", synthetic_tokenizer_json());
    if (arguments.family->name == "english") {
      write_file(folder / "conds.pt", synthetic_conds_pt(arguments.size));
    }
  }
  for (const char* name : arguments.family->weights) {  // one at a time in memory
    const auto model = make_synthetic(name, arguments.size);
    checkpoint::write_safetensors((folder / file_name(*arguments.family, name)).string(),
                                  model->entries());
  }
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    usage(std::cout);
    return 0;
  }
  try {
    write_checkpoint(parse(words));
    return 0;
  } catch (const Error& error) {
    const bool usage_error = error.status() == Status::kInvalidArgument;
    if (usage_error) usage(std::cerr);
    std::cerr << "write_synthetic: error: " << error.what() << std::endl;
    return usage_error ? kWrongUsage : kFailed;
  } catch (const std::exception& error) {
    std::cerr << "write_synthetic: error: " << error.what() << std::endl;
    return kFailed;
  }
}

}  // namespace
}  // namespace chatterbox::testing

int main(int argc, char** argv) { return chatterbox::testing::run({argv + 1, argv + argc}); }
