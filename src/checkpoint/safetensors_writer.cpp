#include <nlohmann/json.hpp>
#include <utility>

#include "checkpoint/safetensors.h"
#include "support/error.h"
#include "support/file_io.h"

namespace chatterbox::checkpoint {
namespace {

constexpr size_t kLengthBytes = 8;
// Where the tensors' bytes begin in a file. The format asks for 8; a mapped matrix for the CPU's
// kernels is read a cache line at a time.
constexpr size_t kAlignment = 64;

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
  const size_t end = (kLengthBytes + text.size() + kAlignment - 1) / kAlignment * kAlignment;
  text.resize(end - kLengthBytes, ' ');
  std::string length(kLengthBytes, '\0');
  for (size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>(text.size() >> (8 * i));
  return length + text;
}

void write_all(const SafetensorsWriter::Sink& sink, const std::vector<TensorEntry>& tensors,
               const std::map<std::string, std::string>& metadata) {
  SafetensorsWriter writer(sink, tensors, metadata);
  for (const TensorEntry& tensor : tensors) {
    writer.write({static_cast<const char*>(tensor.data), tensor.bytes});
  }
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(Sink sink, const std::vector<TensorEntry>& tensors,
                                     const std::map<std::string, std::string>& metadata)
    : sink_(std::move(sink)) {
  for (const TensorEntry& tensor : tensors) sizes_.push_back(tensor.bytes);
  sink_(make_header(tensors, metadata));
}

void SafetensorsWriter::write(std::string_view bytes) {
  if (written_ == sizes_.size() || bytes.size() != sizes_[written_]) {
    fail(Status::kInternal, "{} bytes for tensor {} of {} in a file", bytes.size(), written_,
         sizes_.size());
  }
  sink_(bytes);
  ++written_;
}

std::string encode_safetensors(const std::vector<TensorEntry>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  std::string bytes;
  write_all([&bytes](std::string_view part) { bytes += part; }, tensors, metadata);
  return bytes;
}

void write_safetensors(const std::string& path, const std::vector<TensorEntry>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  AtomicFile file(path);
  write_all([&file](std::string_view part) { file.write(part); }, tensors, metadata);
  file.commit();
}

}  // namespace chatterbox::checkpoint
