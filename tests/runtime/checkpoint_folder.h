// The synthetic model as a checkpoint folder on disk, and copies of it with one file that is
// damaged.
#pragma once

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>

#include "checkpoint/safetensors.h"
#include "support/synthetic/synthetic.h"
#include "support/temporary_folder.h"

namespace chatterbox::testing {

inline constexpr const char* kWeightFiles[] = {"t3_cfg.safetensors", "s3gen.safetensors",
                                               "ve.safetensors"};
inline constexpr const char* kModelFiles[] = {"t3_cfg.safetensors", "s3gen.safetensors",
                                              "ve.safetensors", "tokenizer.json", "conds.pt"};

inline void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class CheckpointFolder {
 public:
  CheckpointFolder() : CheckpointFolder({"t3_cfg", "s3gen", "ve"}) {
    write_bytes(file("tokenizer.json"), testing::synthetic_tokenizer_json());
    write_bytes(file("conds.pt"), testing::synthetic_conds_pt(testing::SyntheticSize::kTiny));
  }
  // Tiny weights of these names, as of make_synthetic(), and the files of a folder of tests/data.
  explicit CheckpointFolder(std::initializer_list<const char*> weights,
                            const std::string& data = {}) {
    for (const std::string name : weights) {
      const auto model = testing::make_synthetic(name, testing::SyntheticSize::kTiny);
      checkpoint::write_safetensors(file(name + ".safetensors"), model->entries());
    }
    if (data.empty()) return;
    std::filesystem::copy(std::string(CHATTERBOX_TEST_DATA) + "/data/" + data, path(),
                          std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::string path() const { return folder_.file(""); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  TemporaryFolder folder_;
};

// Flash: a mean flow under the plain name, and English's tokenizer.
class FlashFolder : public CheckpointFolder {
 public:
  FlashFolder() : CheckpointFolder({"t3_flash", "ve"}) {
    const auto s3gen = testing::make_synthetic("s3gen_meanflow", testing::SyntheticSize::kTiny);
    checkpoint::write_safetensors(file("s3gen.safetensors"), s3gen->entries());
    write_bytes(file("tokenizer.json"), testing::synthetic_tokenizer_json());
  }
};

// Links to a good folder's files but for one, of which it has a copy to be damaged.
class DamagedFolder {
 public:
  DamagedFolder(const CheckpointFolder& good, const std::string& damaged) : file_(damaged) {
    for (const std::string name : kModelFiles) {
      if (name == damaged) {
        std::filesystem::copy_file(good.file(name), folder_.file(name));
      } else {
        std::filesystem::create_symlink(good.file(name), folder_.file(name));
      }
    }
  }
  [[nodiscard]] std::string path() const { return folder_.file(""); }
  [[nodiscard]] std::string damaged_file() const { return folder_.file(file_); }

  void remove() const { std::filesystem::remove(damaged_file()); }
  void truncate(uintmax_t size) const { std::filesystem::resize_file(damaged_file(), size); }
  // The same call once more undoes it.
  void flip(uintmax_t bit) const {
    std::fstream file(damaged_file(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(bit / 8));
    const int byte = file.get() ^ (1 << (bit % 8));
    file.seekp(static_cast<std::streamoff>(bit / 8));
    file.put(static_cast<char>(byte));
  }

 private:
  TemporaryFolder folder_;
  std::string file_;
};

}  // namespace chatterbox::testing
