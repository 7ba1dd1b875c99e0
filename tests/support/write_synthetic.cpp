// Writes the demo model, or the same at the official size, as a checkpoint folder: what the
// full-size tests, the comparison with the reference and the goldens run on. See usage().
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "checkpoint/safetensors.h"
#include "checkpoint/synthetic.h"
#include "support/error.h"

namespace chatterbox::testing {
namespace {

using checkpoint::SyntheticSize;
namespace fs = std::filesystem;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

void usage(std::ostream& out) {
  out << "usage: write_synthetic tiny|full DIR\n\n"
         "Makes DIR where it is missing and writes a checkpoint folder of the English model there, "
         "with\n"
         "made-up weights: t3_cfg, s3gen and ve (.safetensors), tokenizer.json, conds.pt. The "
         "names are the\n"
         "official ones; with full, the shapes are too.\n"
         "tiny: 32 MB; full: 3.2 GB, and 2.1 GB of memory meanwhile.\n";
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

void write_checkpoint(SyntheticSize size, const fs::path& folder) {
  make_folder(folder);
  for (const char* name : {"t3_cfg", "s3gen", "ve"}) {  // one at a time in memory
    const auto model = checkpoint::make_synthetic(name, size);
    checkpoint::write_safetensors((folder / name).string() + ".safetensors", model->entries());
  }
  write_file(folder / "tokenizer.json", checkpoint::synthetic_tokenizer_json());
  write_file(folder / "conds.pt", checkpoint::synthetic_conds_pt(size));
}

int run(int argc, char** argv) {
  const std::string_view size = argc > 1 ? argv[1] : "";
  if (size == "--help" || size == "-h") {
    usage(std::cout);
    return 0;
  }
  if (argc != 3 || (size != "tiny" && size != "full")) {
    usage(std::cerr);
    std::cerr << "error: "
              << (argc != 3 ? "two arguments are asked for" : "SIZE must be tiny or full")
              << ", got " << (argc != 3 ? std::to_string(argc - 1) : std::string(size))
              << std::endl;
    return kWrongUsage;
  }
  try {
    write_checkpoint(size == "tiny" ? SyntheticSize::kTiny : SyntheticSize::kFull, argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "write_synthetic: error: " << error.what() << std::endl;
    return kFailed;
  }
}

}  // namespace
}  // namespace chatterbox::testing

int main(int argc, char** argv) { return chatterbox::testing::run(argc, argv); }
