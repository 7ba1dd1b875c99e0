#include "nn/weight_reader.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <set>

#include "nn/cpu/transpose.h"
#include "support/error.h"

namespace chatterbox::nn {
namespace {

using checkpoint::DType;
using checkpoint::TensorEntry;

bool is_float(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

at::ScalarType scalar_type(DType dtype) {
  if (dtype == DType::kFloat16) return at::kHalf;
  if (dtype == DType::kUInt8) return at::kByte;
  return dtype == DType::kBFloat16 ? at::kBFloat16 : at::kFloat;
}

std::string to_string(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) {
    if (text.size() > 1) text += ", ";
    text += size < 0 ? "any" : std::to_string(size);
  }
  return text + "]";
}

// `guessed`: a size of 1 may come from the placeholder of a missing tensor.
bool matches(const std::vector<int64_t>& actual, const std::vector<int64_t>& expected,
             bool guessed) {
  return std::equal(actual.begin(), actual.end(), expected.begin(), expected.end(),
                    [=](int64_t a, int64_t e) { return e < 0 || a == e || (guessed && e == 1); });
}

}  // namespace

struct WeightReader::Shared {
  std::shared_ptr<const checkpoint::TensorFile> file;
  std::set<std::string, std::less<>> used;
  std::vector<std::string> defects;
  bool guessed = false;  // a placeholder stands for a tensor of any size
};

WeightReader::WeightReader(std::shared_ptr<const checkpoint::TensorFile> file, Placement placement)
    : shared_(std::make_shared<Shared>()), placement_(placement) {
  shared_->file = std::move(file);
}

WeightReader::WeightReader(std::shared_ptr<Shared> shared, std::string prefix, Placement placement)
    : shared_(std::move(shared)), prefix_(std::move(prefix)), placement_(placement) {}

WeightReader WeightReader::scope(std::string_view name) const {
  return {shared_, prefix_ + std::string(name) + ".", placement_};
}

WeightReader WeightReader::scope(std::string_view name, int64_t index) const {
  return {shared_, prefix_ + std::string(name) + "." + std::to_string(index) + ".", placement_};
}

WeightReader WeightReader::with(Placement placement) const { return {shared_, prefix_, placement}; }

bool WeightReader::has(std::string_view name) const {
  return shared_->file->find(prefix_ + std::string(name)) != nullptr;
}

int64_t WeightReader::count(std::string_view name) const {
  const std::vector<TensorEntry>& entries = shared_->file->entries();
  for (int64_t index = 0;; ++index) {
    const std::string prefix = prefix_ + std::string(name) + "." + std::to_string(index) + ".";
    const auto first = std::lower_bound(
        entries.begin(), entries.end(), prefix,
        [](const TensorEntry& entry, const std::string& key) { return entry.name < key; });
    if (first == entries.end() || first->name.compare(0, prefix.size(), prefix) != 0) return index;
  }
}

int64_t WeightReader::dim(std::string_view name, size_t axis) const {
  const std::string full = prefix_ + std::string(name);
  const TensorEntry* entry = shared_->file->find(full);
  if (entry == nullptr) fail(Status::kBadModelFile, "{}: missing {}", shared_->file->path(), full);
  if (axis >= entry->shape.size()) {
    fail(Status::kBadModelFile, "{}: {} has shape {}, expected at least {} dimensions",
         shared_->file->path(), full, to_string(entry->shape), axis + 1);
  }
  return entry->shape[axis];
}

const TensorEntry* WeightReader::find(std::string_view name, const std::vector<int64_t>& shape,
                                      Kind kind) const {
  const std::string full = prefix_ + std::string(name);
  const TensorEntry* entry = shared_->file->find(full);
  std::string defect;
  if (entry == nullptr) {
    defect = "missing " + full + " " + to_string(shape);
  } else if (!matches(entry->shape, shape, shared_->guessed)) {
    defect = full + " has shape " + to_string(entry->shape) + ", expected " + to_string(shape);
  } else if (kind == Kind::kNumbers ? !is_float(entry->dtype) : entry->dtype != DType::kUInt8) {
    defect = full + " has dtype " + checkpoint::name(entry->dtype) + ", expected " +
             (kind == Kind::kNumbers ? "F32, F16 or BF16" : "U8");
  }
  shared_->used.insert(full);
  if (defect.empty()) return entry;
  shared_->defects.push_back(std::move(defect));
  shared_->guessed |= std::any_of(shape.begin(), shape.end(), [](int64_t n) { return n < 0; });
  return nullptr;
}

at::Tensor WeightReader::placeholder(std::vector<int64_t> shape, at::TensorOptions type) const {
  std::replace_if(
      shape.begin(), shape.end(), [](int64_t size) { return size < 0; }, 1);
  return at::zeros(shape, type);
}

at::Tensor WeightReader::placeholder(std::vector<int64_t> shape) const {
  return placeholder(std::move(shape), at::device(placement_.device).dtype(placement_.dtype));
}

at::Tensor WeightReader::in_file(const TensorEntry& entry) const {
  // The tensor keeps the file mapped. Its pages are read-only: weights are never written in place.
  // When it goes, its bytes were copied, or the model goes.
  const auto release = [file = shared_->file, bytes = entry.bytes](void* data) {
    file->let_go(data, bytes);
  };
  // NOLINTNEXTLINE(*-const-cast): libtorch takes no const
  return at::from_blob(const_cast<void*>(entry.data), entry.shape, release,
                       at::dtype(scalar_type(entry.dtype)));
}

at::Tensor WeightReader::get(std::string_view name, const std::vector<int64_t>& shape) const {
  const TensorEntry* entry = find(name, shape);
  if (entry == nullptr) return placeholder(shape);
  // The same tensor where nothing changes.
  return in_file(*entry).to(placement_.device, placement_.dtype);
}

at::Tensor WeightReader::get_transposed(std::string_view name, int64_t in, int64_t out) const {
  const TensorEntry* entry = find(name, {in, out});
  if (entry == nullptr) return placeholder({out, in});
  const at::Tensor matrix = in_file(*entry);
  if (placement_.device.is_cpu()) return cpu::transpose(matrix, placement_.dtype);
  return matrix.to(placement_.device, placement_.dtype).t().contiguous();
}

bool WeightReader::has_bytes(std::string_view name) const {
  const TensorEntry* entry = shared_->file->find(prefix_ + std::string(name));
  return entry != nullptr && entry->dtype == DType::kUInt8;
}

at::Tensor WeightReader::get_bytes(std::string_view name, const std::vector<int64_t>& shape) const {
  const TensorEntry* entry = find(name, shape, Kind::kBytes);
  return entry == nullptr ? placeholder(shape, at::dtype(at::kByte)) : in_file(*entry);
}

void WeightReader::reject(std::string_view name, const std::string& defect) const {
  shared_->defects.push_back(prefix_ + std::string(name) + " " + defect);
}

void WeightReader::ignore(std::string_view name) const {
  shared_->used.insert(prefix_ + std::string(name));
}

void WeightReader::finish() const {
  std::vector<std::string> defects = shared_->defects;
  for (const TensorEntry& entry : shared_->file->entries()) {
    if (shared_->used.count(entry.name) == 0) {
      defects.push_back("unexpected " + entry.name + " " + to_string(entry.shape));
    }
  }
  if (defects.empty()) return;
  std::string list;
  for (const std::string& defect : defects) list += (list.empty() ? "" : "; ") + defect;
  fail(Status::kBadModelFile, "{}: {}", shared_->file->path(), list);
}

}  // namespace chatterbox::nn
