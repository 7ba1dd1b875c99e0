#include "cli/dump.h"

#include <exception>
#include <functional>
#include <new>
#include <numeric>

#include "checkpoint/safetensors.h"

namespace chatterbox::cli {

void TensorDump::add(const TensorView& view) {
  Tensor tensor{view.type, {view.shape, view.shape + view.rank}, {}};
  const auto count =
      std::accumulate(tensor.shape.begin(), tensor.shape.end(), int64_t{1}, std::multiplies<>());
  const size_t item = view.type == TensorView::Type::kInt64 ? sizeof(int64_t) : sizeof(float);
  const auto* data = static_cast<const char*>(view.data);
  if (count > 0) tensor.bytes.assign(data, data + static_cast<size_t>(count) * item);
  tensors_.insert_or_assign(std::string(view.name), std::move(tensor));
}

void TensorDump::write(const std::string& path,
                       const std::map<std::string, std::string>& metadata) const {
  std::vector<checkpoint::TensorEntry> entries;
  entries.reserve(tensors_.size());
  for (const auto& [name, tensor] : tensors_) {
    checkpoint::TensorEntry entry;
    entry.name = name;
    entry.dtype = tensor.type == TensorView::Type::kInt64 ? checkpoint::DType::kInt64
                                                          : checkpoint::DType::kFloat32;
    entry.shape = tensor.shape;
    entry.data = tensor.bytes.data();
    entry.bytes = tensor.bytes.size();
    entries.push_back(std::move(entry));
  }
  try {
    checkpoint::write_safetensors(path, entries, metadata);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {  // of the library's own class, not the public one
    throw Error(Status::kIo, error.what());
  }
}

}  // namespace chatterbox::cli
