// The layout: torch/serialization.py (_save) and torch/_utils.py (_rebuild_tensor_v2,
// _rebuild_parameter).
#include "checkpoint/torch_zip.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "checkpoint/pickle.h"
#include "checkpoint/zip_archive.h"
#include "support/error.h"
#include "support/file_bytes.h"

namespace chatterbox::checkpoint {
namespace {

constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxVisits = 200'000;
constexpr size_t kMaxNameBytes = 512;
constexpr size_t kMaxRank = 16;
constexpr size_t kSpareCopyBytes = 16U << 20U;

struct StorageType {
  std::string_view global;
  DType dtype;
};
constexpr std::array<StorageType, 10> kStorageTypes = {{{"torch.FloatStorage", DType::kFloat32},
                                                        {"torch.HalfStorage", DType::kFloat16},
                                                        {"torch.BFloat16Storage", DType::kBFloat16},
                                                        {"torch.DoubleStorage", DType::kFloat64},
                                                        {"torch.LongStorage", DType::kInt64},
                                                        {"torch.IntStorage", DType::kInt32},
                                                        {"torch.ShortStorage", DType::kInt16},
                                                        {"torch.CharStorage", DType::kInt8},
                                                        {"torch.ByteStorage", DType::kUInt8},
                                                        {"torch.BoolStorage", DType::kBool}}};

const StorageType* storage_type(std::string_view global) {
  const auto* found = std::find_if(kStorageTypes.begin(), kStorageTypes.end(),
                                   [=](const StorageType& type) { return type.global == global; });
  return found == kStorageTypes.end() ? nullptr : found;
}

class TorchZipFile final : public TorchFile {
 public:
  TorchZipFile(std::string name, std::shared_ptr<const FileBytes> bytes);

  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] const std::vector<TensorEntry>& entries() const override { return entries_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const override {
    return metadata_;
  }
  [[nodiscard]] std::optional<double> number(std::string_view name) const override {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? std::nullopt : std::optional<double>(found->second);
  }
  void let_go(const void* data, size_t size) const override { bytes_->let_go(data, size); }

 private:
  struct Storage {
    DType dtype = DType::kFloat32;
    const unsigned char* data = nullptr;
    uint64_t count = 0;
  };

  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kBadModelFile, "{}: {}", path_, fmt::format(format, std::forward<Args>(args)...));
  }
  void find_prefix();
  void check_byte_order() const;
  void walk(const std::string& name, const PickleValue& value, size_t depth);
  void add_call(const std::string& name, const PickleValue::Call& call);
  void add_tensor(const std::string& name, const PickleValue::Call& call);
  [[nodiscard]] Storage read_storage(const std::string& name, const PickleValue& value) const;
  [[nodiscard]] std::vector<int64_t> read_sizes(const std::string& name, const char* what,
                                                const PickleValue& value) const;
  [[nodiscard]] uint64_t check_extent(const std::string& name, const Storage& storage,
                                      int64_t offset, const std::vector<int64_t>& shape,
                                      const std::vector<int64_t>& strides) const;
  [[nodiscard]] const void* make_contiguous(const std::string& name, const unsigned char* source,
                                            const TensorEntry& entry,
                                            const std::vector<int64_t>& strides);

  std::string path_;
  std::shared_ptr<const FileBytes> bytes_;
  std::map<std::string, ZipRecord> records_;
  std::string prefix_;  // the archive's folder, "archive/"
  std::vector<TensorEntry> entries_;
  std::map<std::string, double, std::less<>> numbers_;
  std::map<std::string, std::string> metadata_;           // the format has none
  std::vector<std::unique_ptr<unsigned char[]>> copies_;  // of what is strided or misaligned
  size_t copied_bytes_ = 0;
  size_t visits_ = 0;
};

TorchZipFile::TorchZipFile(std::string name, std::shared_ptr<const FileBytes> bytes)
    : path_(std::move(name)), bytes_(std::move(bytes)) {
  records_ = read_zip(bytes_->data(), bytes_->size(), path_);
  find_prefix();
  check_byte_order();
  const ZipRecord& pickle = records_.at(prefix_ + "data.pkl");
  const auto tree = parse_pickle(pickle.data, pickle.size, path_, [](std::string_view global) {
    return global == kRebuildTensor || global == kRebuildParameter ||
           storage_type(global) != nullptr;
  });
  walk("", *tree->root, 0);
  std::sort(entries_.begin(), entries_.end(),
            [](const TensorEntry& a, const TensorEntry& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(
      entries_.begin(), entries_.end(),
      [](const TensorEntry& a, const TensorEntry& b) { return a.name == b.name; });
  if (twice != entries_.end()) bad("two tensors have the name {}", twice->name);
}

void TorchZipFile::find_prefix() {
  constexpr std::string_view kPickle = "/data.pkl";
  for (const auto& [name, record] : records_) {
    const size_t folder = name.find('/');
    if (folder != std::string::npos && std::string_view(name).substr(folder) == kPickle) {
      if (!prefix_.empty()) bad("two pickles in one file");
      prefix_ = name.substr(0, folder + 1);
    }
  }
  if (prefix_.empty()) bad("a zip archive without data.pkl: torch.save() did not write it");
}

void TorchZipFile::check_byte_order() const {
  const auto order = records_.find(prefix_ + "byteorder");
  if (order == records_.end()) return;  // older than torch 2.1
  const std::string text(order->second.data, order->second.data + order->second.size);
  if (text != "little") bad("byte order {}, only little is read", text.substr(0, 8));
}

void TorchZipFile::walk(const std::string& name, const PickleValue& value, size_t depth) {
  if (depth > kMaxDepth) bad("{}...: nested more than {} deep", name.substr(0, 80), kMaxDepth);
  if (name.size() > kMaxNameBytes)
    bad("{}...: a name of more than {} bytes", name.substr(0, 80), kMaxNameBytes);
  if (++visits_ > kMaxVisits) bad("more than {} values", kMaxVisits);
  const std::string prefix = name.empty() ? "" : name + ".";
  if (const auto* dict = value.as<PickleValue::Dict>()) {
    for (const auto& [key, item] : *dict) walk(prefix + key, *item, depth + 1);
  } else if (const auto* list = value.as<PickleValue::Sequence>()) {
    for (size_t i = 0; i < list->items.size(); ++i) {
      walk(prefix + std::to_string(i), *list->items[i], depth + 1);
    }
  } else if (const auto* call = value.as<PickleValue::Call>()) {
    add_call(name, *call);
  } else if (const auto* real = value.as<double>()) {
    numbers_[name] = *real;
  } else if (const auto* integer = value.as<int64_t>()) {
    numbers_[name] = static_cast<double>(*integer);
  } else if (const auto* flag = value.as<bool>()) {
    numbers_[name] = *flag ? 1 : 0;
  } else if (value.as<PickleValue::Global>() != nullptr ||
             value.as<PickleValue::Persistent>() != nullptr) {
    bad("{}: a type or a storage where data belong", name);
  }
}

// A parameter's arguments: its tensor, requires_grad, backward_hooks.
void TorchZipFile::add_call(const std::string& name, const PickleValue::Call& call) {
  if (call.function != kRebuildParameter) return add_tensor(name, call);
  const auto& arguments = call.arguments->as<PickleValue::Sequence>()->items;
  const auto* tensor = arguments.size() == 3 ? arguments[0]->as<PickleValue::Call>() : nullptr;
  if (tensor == nullptr) bad("{}: a parameter without a tensor", name);
  if (tensor->function != kRebuildTensor) bad("{}: {} is no tensor", name, tensor->function);
  add_tensor(name, *tensor);
}

// Arguments: storage, offset, shape, strides, requires_grad, backward_hooks, and perhaps metadata.
void TorchZipFile::add_tensor(const std::string& name, const PickleValue::Call& call) {
  const auto& arguments = call.arguments->as<PickleValue::Sequence>()->items;
  if (call.function != kRebuildTensor) bad("{}: {} is not a function", name, call.function);
  if (arguments.size() != 6 && arguments.size() != 7) {
    bad("{}: a tensor of {} arguments, 6 or 7 are known", name, arguments.size());
  }
  const Storage storage = read_storage(name, *arguments[0]);
  const auto* offset = arguments[1]->as<int64_t>();
  if (offset == nullptr || *offset < 0) bad("{}: a bad storage offset", name);
  TensorEntry entry{name, storage.dtype, read_sizes(name, "shape", *arguments[2]), nullptr, 0};
  const std::vector<int64_t> strides = read_sizes(name, "strides", *arguments[3]);
  const uint64_t count = check_extent(name, storage, *offset, entry.shape, strides);
  entry.bytes = count * item_size(entry.dtype);
  const unsigned char* source = storage.data;
  if (count > 0) source += static_cast<uint64_t>(*offset) * item_size(entry.dtype);
  entry.data = make_contiguous(name, source, entry, strides);
  entries_.push_back(std::move(entry));
}

// ("storage", type, record, device, element count)
TorchZipFile::Storage TorchZipFile::read_storage(const std::string& name,
                                                 const PickleValue& value) const {
  const auto* persistent = value.as<PickleValue::Persistent>();
  const auto* id = persistent == nullptr ? nullptr : persistent->id->as<PickleValue::Sequence>();
  if (id == nullptr || id->items.size() != 5) bad("{}: a tensor without a storage", name);
  const auto* kind = id->items[0]->as<std::string>();
  const auto* type = id->items[1]->as<PickleValue::Global>();
  const auto* key = id->items[2]->as<std::string>();
  const auto* count = id->items[4]->as<int64_t>();
  const StorageType* known = type == nullptr ? nullptr : storage_type(type->name);
  if (kind == nullptr || *kind != "storage" || known == nullptr || key == nullptr ||
      count == nullptr || *count < 0) {
    bad("{}: a bad description of its storage", name);
  }
  const auto record = records_.find(prefix_ + "data/" + *key);
  if (record == records_.end()) bad("{}: the record data/{} is missing", name, *key);
  const size_t bytes = record->second.size;
  if (bytes % item_size(known->dtype) != 0 ||
      bytes / item_size(known->dtype) != static_cast<uint64_t>(*count)) {
    bad("{}: the record data/{} has {} bytes, {} {} elements belong there", name, *key, bytes,
        *count, checkpoint::name(known->dtype));
  }
  return {known->dtype, record->second.data, static_cast<uint64_t>(*count)};
}

std::vector<int64_t> TorchZipFile::read_sizes(const std::string& name, const char* what,
                                              const PickleValue& value) const {
  const auto* tuple = value.as<PickleValue::Sequence>();
  if (tuple == nullptr || tuple->items.size() > kMaxRank) bad("{}: bad {}", name, what);
  std::vector<int64_t> sizes;
  for (const PickleValue* item : tuple->items) {
    const auto* size = item->as<int64_t>();
    if (size == nullptr || *size < 0) bad("{}: bad {}, numbers from 0 belong there", name, what);
    sizes.push_back(*size);
  }
  return sizes;
}

// The number of elements, all of which lie in the storage.
uint64_t TorchZipFile::check_extent(const std::string& name, const Storage& storage, int64_t offset,
                                    const std::vector<int64_t>& shape,
                                    const std::vector<int64_t>& strides) const {
  if (shape.size() != strides.size()) {
    bad("{}: {} dimensions, {} strides", name, shape.size(), strides.size());
  }
  uint64_t count = item_size(storage.dtype);
  auto last = static_cast<uint64_t>(offset);
  bool overflow = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto size = static_cast<uint64_t>(shape[i]);
    overflow |= __builtin_mul_overflow(count, size, &count);
    uint64_t reach = 0;
    overflow |=
        size > 0 && __builtin_mul_overflow(size - 1, static_cast<uint64_t>(strides[i]), &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  if (overflow || last >= storage.count) {
    bad("{}: its shape and strides reach beyond its storage of {} elements", name, storage.count);
  }
  return count / item_size(storage.dtype);
}

const void* TorchZipFile::make_contiguous(const std::string& name, const unsigned char* source,
                                          const TensorEntry& entry,
                                          const std::vector<int64_t>& strides) {
  const size_t item = item_size(entry.dtype);
  bool contiguous = true;
  uint64_t expected = 1;
  for (size_t i = strides.size(); entry.bytes > 0 && i-- > 0;) {
    if (entry.shape[i] != 1) contiguous &= static_cast<uint64_t>(strides[i]) == expected;
    expected *= static_cast<uint64_t>(entry.shape[i]);
  }
  const bool aligned = reinterpret_cast<uintptr_t>(source) % item == 0;
  if (entry.bytes == 0 || (contiguous && aligned)) return source;
  // A stride of 0 lets few bytes stand for many.
  if (entry.bytes > bytes_->size() + kSpareCopyBytes - copied_bytes_) {
    bad("{}: {} bytes of repeated data are too many", name, entry.bytes);
  }
  copied_bytes_ += entry.bytes;
  copies_.push_back(std::make_unique<unsigned char[]>(entry.bytes));
  std::vector<int64_t> index(strides.size(), 0);
  for (size_t done = 0; done < entry.bytes; done += item) {
    uint64_t element = 0;
    for (size_t i = 0; i < index.size(); ++i)
      element += static_cast<uint64_t>(index[i] * strides[i]);
    std::memcpy(copies_.back().get() + done, source + element * item, item);
    for (size_t i = index.size(); i-- > 0;) {
      if (++index[i] < entry.shape[i]) break;
      index[i] = 0;
    }
  }
  return copies_.back().get();
}

}  // namespace

std::shared_ptr<const TorchFile> parse_torch_zip(const void* data, size_t size,
                                                 const std::string& name) {
  return parse_torch_zip(copy_bytes(data, size), name);
}

std::shared_ptr<const TorchFile> parse_torch_zip(std::shared_ptr<const FileBytes> bytes,
                                                 const std::string& name) {
  return std::make_shared<TorchZipFile>(name, std::move(bytes));
}

}  // namespace chatterbox::checkpoint
