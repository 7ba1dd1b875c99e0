#include "cli/files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace chatterbox::cli {
namespace {

namespace fs = std::filesystem;

void check_stdout() {
  std::cout.flush();
  if (!std::cout) throw Error(Status::kIo, "cannot write to standard output");
}

std::ifstream open_file(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw Error(Status::kIo, path + ": is a folder");
  std::ifstream file(path, std::ios::binary);
  if (file) return file;
  const Status status = errno == ENOENT ? Status::kNotFound : Status::kIo;
  throw Error(status, path + ": " + std::strerror(errno));
}

}  // namespace

void check_writable(const std::string& path) {
  if (path.empty() || path == "-") return;
  std::error_code ignored;
  const fs::path file(path);
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (fs::is_directory(file, ignored)) throw Error(Status::kIo, path + ": is a folder");
  if (!fs::is_directory(folder, ignored)) {
    throw Error(Status::kIo, path + ": the folder " + folder.string() + " does not exist");
  }
  const fs::path written = fs::exists(file, ignored) ? file : folder;
  if (access(written.c_str(), W_OK) != 0) {
    throw Error(Status::kIo, path + ": cannot be written: " + std::strerror(errno));
  }
}

void check_outputs(const AudioOutput& output, const std::string& json, const std::string& dump) {
  if (output.path == "-" && json == "-") {
    throw Error(Status::kInvalidArgument,
                "--output - and --json - cannot both use standard output");
  }
  if (dump == "-") throw Error(Status::kInvalidArgument, "--dump needs a file, got -");
  for (const std::string& path : {output.path, json, dump}) check_writable(path);
  check_format(output);
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!fs::is_directory(path, error)) throw Error(Status::kIo, path + ": is not a folder");
  check_writable((fs::path(path) / "any").string());
}

void check_text(const std::string& text) {
  const size_t nul = text.find('\0');
  if (nul == std::string::npos) return;
  throw Error(Status::kInvalidArgument,
              "text must not contain NUL, got one at byte " + std::to_string(nul));
}

std::string read_stdin() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::cin.bad()) throw Error(Status::kIo, "cannot read standard input");
  return text;
}

std::string read_text(const std::string& path) {
  if (path == "-") return read_stdin();
  std::ifstream file = open_file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) throw Error(Status::kIo, path + ": cannot be read");
  return text;
}

void write_text(const std::string& path, std::string_view text) {
  if (path == "-") {
    std::cout << text;
    check_stdout();
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(Status::kIo, path + ": cannot be written: " + std::strerror(errno));
}

}  // namespace chatterbox::cli
