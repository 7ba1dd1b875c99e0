// A checkpoint file as names, types, shapes and bytes, whatever its format. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterbox::checkpoint {

enum class DType : int32_t {
  kFloat32,
  kFloat16,
  kBFloat16,
  kFloat64,
  kInt64,
  kInt32,
  kInt16,
  kInt8,
  kUInt8,
  kBool
};
[[nodiscard]] size_t item_size(DType dtype);
[[nodiscard]] const char* name(DType dtype);  // "F32", as safetensors writes it
[[nodiscard]] std::optional<DType> dtype_named(std::string_view text);

struct TensorEntry {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  const void* data =
      nullptr;  // row-major, aligned to the item size; lives as long as the file object
  size_t bytes = 0;
};

// Immutable and safe to read from any thread.
class TensorFile {
 public:
  virtual ~TensorFile() = default;
  [[nodiscard]] virtual const std::string& path() const = 0;                  // for messages
  [[nodiscard]] virtual const std::vector<TensorEntry>& entries() const = 0;  // sorted by name
  [[nodiscard]] virtual const std::map<std::string, std::string>& metadata() const = 0;
  [[nodiscard]] const TensorEntry* find(std::string_view name) const;  // null: absent
  // For an entry's bytes that are not needed any more: memory of whole pages of a mapped file among
  // them is free again. Who reads them nevertheless, as a tensor that shares them may, reads the
  // file again. Bytes that are not a mapped file's stay.
  virtual void let_go(const void* /*data*/, size_t /*size*/) const {}
};

}  // namespace chatterbox::checkpoint
