#include "t3/quantise.h"

#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <map>
#include <utility>

#include "nn/int8_file.h"
#include "support/error.h"
#include "t3/stored.h"

namespace chatterbox::t3 {
namespace {

using checkpoint::DType;
using checkpoint::TensorEntry;
using Sources = std::vector<const TensorEntry*>;

bool is_matrix(const TensorEntry& entry) {
  const Stored stored = stored_as(entry);
  return stored == Stored::kMatrix || stored == Stored::kInOutMatrix;
}

// Those that the file is made of: the matrices first, so that none stands behind an odd number of
// bytes.
Sources sources(const checkpoint::TensorFile& from) {
  Sources used;
  for (const TensorEntry& entry : from.entries()) {
    if (stored_as(entry) != Stored::kUnused) used.push_back(&entry);
  }
  std::stable_partition(used.begin(), used.end(),
                        [](const TensorEntry* entry) { return is_matrix(*entry); });
  return used;
}

// Without data.
TensorEntry entry_of(std::string name, DType dtype, std::vector<int64_t> shape) {
  TensorEntry entry;
  entry.name = std::move(name);
  entry.dtype = dtype;
  entry.bytes = checkpoint::item_size(dtype);
  for (const int64_t size : shape) entry.bytes *= static_cast<size_t>(size);
  entry.shape = std::move(shape);
  return entry;
}

// "a.weight" -> "a.scale".
std::string scale_name(const std::string& weight) {
  return weight.substr(0, weight.size() - std::string_view(nn::kInt8Data).size()) + nn::kInt8Scale;
}

void add_matrix(const TensorEntry& source, std::vector<TensorEntry>& tensors) {
  const bool in_out = stored_as(source) == Stored::kInOutMatrix;
  const int64_t outputs = source.shape[in_out ? 1 : 0];
  const int64_t inputs = source.shape[in_out ? 0 : 1];
  tensors.push_back(
      entry_of(source.name, DType::kUInt8,
               {nn::cpu::int8_panels(outputs), nn::cpu::int8_padded(inputs) / nn::cpu::kGroupInputs,
                nn::cpu::kPanelOutputs, nn::cpu::kGroupInputs}));
  tensors.push_back(entry_of(scale_name(source.name), DType::kFloat32, {outputs}));
}

std::vector<TensorEntry> header(const Sources& sources) {
  std::vector<TensorEntry> tensors;
  for (const TensorEntry* source : sources) {
    if (is_matrix(*source)) {
      add_matrix(*source, tensors);
    } else {
      const bool table = stored_as(*source) == Stored::kTable;
      tensors.push_back(
          entry_of(source->name, table ? DType::kBFloat16 : source->dtype, source->shape));
    }
  }
  return tensors;
}

std::string_view bytes_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

nn::Int8Matrix pack(const nn::WeightReader& reader, const TensorEntry& source) {
  const at::Tensor weight =
      stored_as(source) == Stored::kInOutMatrix
          ? reader.get_transposed(source.name, source.shape[0], source.shape[1])
          : reader.get(source.name, source.shape);
  nn::Int8Matrix matrix = nn::to_int8(weight);
  matrix.scale = matrix.scale.narrow(0, 0, matrix.outputs);
  return matrix;
}

}  // namespace

void quantise(const std::shared_ptr<const checkpoint::TensorFile>& from,
              const checkpoint::SafetensorsWriter::Sink& sink) {
  const nn::WeightReader fp32(from, {});
  const nn::WeightReader bf16 = fp32.with({c10::kCPU, c10::kBFloat16});
  const Sources all = sources(*from);
  std::map<std::string, std::string> metadata = from->metadata();  // as the heads that align
  metadata[nn::kInt8LayoutKey] = nn::kInt8Layout;
  checkpoint::SafetensorsWriter writer(sink, header(all), metadata);
  for (const TensorEntry* source : all) {
    if (is_matrix(*source)) {
      const nn::Int8Matrix matrix = pack(fp32, *source);
      if (!at::isfinite(matrix.scale).all().item<bool>()) {
        fail(Status::kBadModelFile, "{}: {} has a value that is not finite", from->path(),
             source->name);
      }
      writer.write(bytes_of(matrix.data));
      writer.write(bytes_of(matrix.scale));
    } else if (stored_as(*source) == Stored::kTable) {
      writer.write(bytes_of(bf16.get(source->name, source->shape).contiguous()));
    } else {
      writer.write({static_cast<const char*>(source->data), source->bytes});
    }
  }
}

}  // namespace chatterbox::t3
