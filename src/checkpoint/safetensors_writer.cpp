#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "support/file_io.h"

namespace chatterbox::checkpoint {
namespace {

// What precedes the tensors' bytes.
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
  std::string length(8, '\0');
  for (size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>(text.size() >> (8 * i));
  return length + text;
}

std::string_view bytes_of(const TensorEntry& tensor) {
  return {static_cast<const char*>(tensor.data), tensor.bytes};
}

}  // namespace

std::string encode_safetensors(const std::vector<TensorEntry>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  std::string bytes = make_header(tensors, metadata);
  for (const TensorEntry& tensor : tensors) bytes += bytes_of(tensor);
  return bytes;
}

void write_safetensors(const std::string& path, const std::vector<TensorEntry>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  AtomicFile file(path);
  file.write(make_header(tensors, metadata));
  for (const TensorEntry& tensor : tensors) file.write(bytes_of(tensor));
  file.commit();
}

}  // namespace chatterbox::checkpoint
