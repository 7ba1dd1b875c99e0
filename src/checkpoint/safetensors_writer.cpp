#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "support/error.h"
#include "support/format.h"

namespace chatterbox::checkpoint {
namespace {

std::string make_header(const std::vector<TensorEntry>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const TensorEntry& tensor : tensors) {
    header[tensor.name] = {{"dtype", name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes}}};
    offset += tensor.bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8,
              ' ');  // the data begin at a multiple of 8, as the format asks
  return text;
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<TensorEntry>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = make_header(tensors, metadata);
  std::string length(8, '\0');
  for (size_t i = 0; i < length.size(); ++i)
    length[i] = static_cast<char>(header.size() >> (8 * i));
  // A name of its own, so that two who write one file do not mix.
  static std::atomic<uint64_t> count{0};
  const std::string temporary = fmt::format("{}.{}-{}.partial", path, getpid(), count++);
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << length << header;
  for (const TensorEntry& tensor : tensors) {
    file.write(static_cast<const char*>(tensor.data), static_cast<std::streamsize>(tensor.bytes));
  }
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    fail(Status::kIo, "{}: cannot be written", path);
  }
}

}  // namespace chatterbox::checkpoint
