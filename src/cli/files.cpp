#include "cli/files.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

namespace chatterbox::cli {
namespace {

namespace fs = std::filesystem;

// Why the last call of the system failed.
std::string reason() { return std::generic_category().message(errno); }

std::ifstream open_file(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw Error(Status::kIo, path + ": is a folder");
  std::ifstream file(path, std::ios::binary);
  if (file) return file;
  const Status status = errno == ENOENT ? Status::kNotFound : Status::kIo;
  throw Error(status, path + ": " + reason());
}

// Some editors begin a file with U+FEFF.
std::string without_mark(std::string text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0) {
    text.erase(0, kByteOrderMark.size());
  }
  return text;
}

// Where a file would come into being that is written under this name: also behind links to nothing.
fs::path target_of(const std::string& output) {
  constexpr int kMaxLinks = 40;  // as the system's
  std::error_code ignored;
  fs::path target = fs::absolute(output, ignored);
  for (int links = 0; links < kMaxLinks && fs::is_symlink(target, ignored); ++links) {
    target = target.parent_path() / fs::read_symlink(target, ignored);
  }
  return fs::weakly_canonical(target, ignored);
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
    throw Error(Status::kIo, path + ": cannot be written: " + reason());
  }
}

void check_outputs(const AudioOutput& output, const std::string& json, const std::string& dump) {
  if (output.path == "-" && json == "-") {
    throw Error(Status::kInvalidArgument,
                "--output - and --json - cannot both use standard output");
  }
  if (dump == "-") throw Error(Status::kInvalidArgument, "--dump needs a file, got -");
  check_distinct({output.path, json, dump});
  for (const std::string& path : {output.path, json, dump}) check_writable(path);
  check_format(output);
}

// Devices and pipes take what several write.
void check_distinct(const std::vector<std::string>& outputs) {
  std::set<fs::path> files;
  for (const std::string& output : outputs) {
    std::error_code ignored;
    if (output.empty() || output == "-" || fs::is_other(output, ignored)) continue;
    if (!files.insert(target_of(output)).second) {
      throw Error(Status::kInvalidArgument, output + ": two outputs cannot be the same file");
    }
  }
}

void warn_if_same(const std::string& output, const std::string& input) {
  std::error_code ignored;
  if (input.empty() || output.empty() || !fs::is_regular_file(output, ignored)) return;
  if (!fs::equivalent(output, input, ignored)) return;
  std::cerr << "chatterbox: warning: " << output << " is read and will be replaced" << std::endl;
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
  const bool utf16 = text.compare(0, 2, "\xFF\xFE") == 0 || text.compare(0, 2, "\xFE\xFF") == 0 ||
                     (text.size() > 1 && nul < 2);
  throw Error(Status::kInvalidArgument,
              "text must not contain NUL, got one at byte " + std::to_string(nul) +
                  (utf16 ? " (it looks like UTF-16; text must be UTF-8)" : ""));
}

std::string read_stdin() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::cin.bad()) throw Error(Status::kIo, "cannot read standard input");
  return without_mark(std::move(text));
}

std::string read_text(const std::string& path) {
  if (path == "-") return read_stdin();
  std::ifstream file = open_file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) throw Error(Status::kIo, path + ": cannot be read");
  return without_mark(std::move(text));
}

void check_stdout() {
  std::cout.flush();
  if (!std::cout) throw Error(Status::kIo, "cannot write to standard output");
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
  if (!file) throw Error(Status::kIo, path + ": cannot be written: " + reason());
}

}  // namespace chatterbox::cli
