// The safetensors format (https://github.com/huggingface/safetensors): an 8-byte little-endian
// header length, a JSON header, then the tensors' bytes without holes. Torch-free.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensor_file.h"
#include "support/file_bytes.h"

namespace chatterbox::checkpoint {

// Maps the file read-only and validates all of the header before anything is used. Throws
// kNotFound, kIo, or kBadModelFile with the path, the tensor and the value at fault.
[[nodiscard]] std::shared_ptr<const TensorFile> open_safetensors(const std::string& path);
// The same from bytes in memory: shared, or copied. `name` stands in messages.
[[nodiscard]] std::shared_ptr<const TensorFile> parse_safetensors(
    std::shared_ptr<const FileBytes> bytes, const std::string& name);
[[nodiscard]] std::shared_ptr<const TensorFile> parse_safetensors(const void* data, size_t size,
                                                                  const std::string& name);

// A file, tensor by tensor.
class SafetensorsWriter {
 public:
  using Sink = std::function<void(std::string_view bytes)>;
  // Sends what precedes the bytes of `tensors`, whose data need not be there yet.
  SafetensorsWriter(Sink sink, const std::vector<TensorEntry>& tensors,
                    const std::map<std::string, std::string>& metadata = {});
  // The next tensor's, as many as its entry says.
  void write(std::string_view bytes);

 private:
  Sink sink_;
  std::vector<size_t> sizes_;
  size_t written_ = 0;  // tensors
};

// The bytes of a file of these tensors.
[[nodiscard]] std::string encode_safetensors(
    const std::vector<TensorEntry>& tensors,
    const std::map<std::string, std::string>& metadata = {});
// The same into an AtomicFile, so that no half file is ever seen.
void write_safetensors(const std::string& path, const std::vector<TensorEntry>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace chatterbox::checkpoint
