#include "text/english_tokenizer.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "support/error.h"

namespace chatterbox::text {
namespace {

constexpr const char* kStart = "[START]";
constexpr const char* kStop = "[STOP]";
constexpr std::string_view kSpace = "[SPACE]";  // stands for ' ', which the pre-tokenizer drops
constexpr size_t kMostFileBytes = size_t{64} << 20U;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string read_file(const std::string& path) {
  const auto fail_with = [&](int error) {
    fail(error == ENOENT ? Status::kNotFound : Status::kIo, "{}: {}", path,
         std::generic_category().message(error));
  };
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) fail_with(errno);
  std::string bytes;
  char block[1 << 16];
  while (const size_t count = std::fread(block, 1, sizeof block, file.get())) {
    bytes.append(block, count);
    if (bytes.size() > kMostFileBytes) {
      fail(Status::kBadModelFile, "{}: larger than {} bytes", path, kMostFileBytes);
    }
  }
  if (std::ferror(file.get()) != 0) fail_with(errno);
  return bytes;
}

int64_t require(const BpeTokenizer& tokenizer, const char* token, const std::string& name) {
  const auto id = tokenizer.find(token);
  if (!id) fail(Status::kBadModelFile, "{}: the token {} is missing", name, token);
  return *id;
}

}  // namespace

EnglishTokenizer::EnglishTokenizer(BpeTokenizer tokenizer, const std::string& name)
    : tokenizer_(std::move(tokenizer)),
      start_id_(require(tokenizer_, kStart, name)),
      stop_id_(require(tokenizer_, kStop, name)) {}

EnglishTokenizer EnglishTokenizer::parse(std::string_view json, const std::string& name) {
  return EnglishTokenizer(BpeTokenizer::parse(json, name), name);
}

EnglishTokenizer EnglishTokenizer::load(const std::string& path) {
  return parse(read_file(path), path);
}

std::vector<int64_t> EnglishTokenizer::encode(std::string_view normalized_text) const {
  std::string text;
  for (const char c : normalized_text) {
    if (c == ' ') {
      text += kSpace;
    } else {
      text += c;
    }
  }
  return tokenizer_.encode(text);
}

}  // namespace chatterbox::text
