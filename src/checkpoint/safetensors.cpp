#include "checkpoint/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "support/error.h"
#include "support/file_bytes.h"
#include "support/shorten.h"

namespace chatterbox::checkpoint {
namespace {

using Json = nlohmann::json;

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr size_t kMaxTensors = 100'000;
constexpr size_t kMaxRank = 16;
constexpr size_t kMaxDepth = 3;           // tensors, a tensor, its shape
constexpr size_t kMaxValues = 3'000'000;  // of all kinds
constexpr size_t kMaxShown = 500;         // bytes of a name or value in a message

std::string shown(const std::string& name) { return shorten(name, kMaxShown); }
std::string shown(const Json& value) { return shorten(value.dump(), kMaxShown); }

// Walks through a header before it is held in memory. Stops at the first defect.
class HeaderCheck final : public nlohmann::json_sax<Json> {
 public:
  [[nodiscard]] const std::string& defect() const { return defect_; }

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(Json::number_integer_t) override { return count(); }
  bool number_unsigned(Json::number_unsigned_t) override { return count(); }
  bool number_float(Json::number_float_t, const std::string&) override { return count(); }
  bool string(std::string&) override { return count(); }
  bool binary(Json::binary_t&) override { return count(); }
  bool start_array(size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool start_object(size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool key(std::string& name) override {
    return keys_.back().insert(name).second || stop("has " + shown(name) + " twice");
  }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    // Its text quotes the file's bytes, which need not be UTF-8.
    return stop("is not JSON, at byte " + std::to_string(position));
  }

 private:
  bool stop(std::string defect) {
    defect_ = std::move(defect);
    return false;
  }
  bool count() { return ++values_ <= kMaxValues || stop("has too many values"); }
  bool open() {
    keys_.emplace_back();
    return keys_.size() <= kMaxDepth ? count() : stop("is not an object of tensors");
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;  // of what encloses the parser's position
  size_t values_ = 0;
  std::string defect_;
};

class SafetensorsFile final : public TensorFile {
 public:
  SafetensorsFile(std::string name, std::shared_ptr<const FileBytes> bytes);

  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] const std::vector<TensorEntry>& entries() const override { return entries_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const override {
    return metadata_;
  }
  void let_go(const void* data, size_t size) const override { bytes_->let_go(data, size); }

 private:
  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kBadModelFile, "{}: {}", path_, fmt::format(format, std::forward<Args>(args)...));
  }
  [[nodiscard]] Json parse_header(uint64_t length) const;
  void read_metadata(const Json& metadata);
  void read_entry(const std::string& name, const Json& value, const unsigned char* data,
                  size_t size);
  [[nodiscard]] uint64_t read_number(const std::string& name, const char* key,
                                     const Json& value) const;
  void check_layout(const unsigned char* data, size_t size) const;
  void align_entries();

  std::string path_;
  std::shared_ptr<const FileBytes> bytes_;
  std::vector<TensorEntry> entries_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::unique_ptr<unsigned char[]>>
      copies_;  // of tensors that are misaligned in the file
};

SafetensorsFile::SafetensorsFile(std::string name, std::shared_ptr<const FileBytes> bytes)
    : path_(std::move(name)), bytes_(std::move(bytes)) {
  const unsigned char* file = bytes_->data();
  const size_t file_size = bytes_->size();
  if (file_size < kLengthBytes) bad("{} bytes are too few for a safetensors file", file_size);
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) length = length << 8 | file[i];
  if (length > kMaxHeaderBytes) bad("header of {} bytes, the limit is {}", length, kMaxHeaderBytes);
  if (length > file_size - kLengthBytes) {
    bad("header of {} bytes in a file of {}: truncated, or no safetensors file", length, file_size);
  }
  const Json header = parse_header(length);
  const unsigned char* data = file + kLengthBytes + length;
  const size_t data_size = file_size - kLengthBytes - length;
  if (header.size() > kMaxTensors) bad("{} tensors, the limit is {}", header.size(), kMaxTensors);
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") {
      read_metadata(value);
    } else {
      read_entry(key, value, data, data_size);
    }
  }
  check_layout(data, data_size);
  align_entries();
}

Json SafetensorsFile::parse_header(uint64_t length) const {
  const unsigned char* begin = bytes_->data() + kLengthBytes;
  if (length == 0 || *begin != '{') bad("the header does not begin with {{");
  // The parser takes a NUL for the end of its input.
  if (std::memchr(begin, 0, length) != nullptr) bad("the header is not JSON: it has a NUL");
  HeaderCheck check;
  if (!Json::sax_parse(begin, begin + length, &check)) bad("the header {}", check.defect());
  return Json::parse(begin, begin + length);
}

void SafetensorsFile::read_metadata(const Json& metadata) {
  if (!metadata.is_object()) bad("__metadata__ is not an object");
  for (const auto& [key, value] : metadata.items()) {
    if (!value.is_string()) bad("__metadata__ {} is not a string", shown(key));
    metadata_[key] = value.get<std::string>();
  }
}

uint64_t SafetensorsFile::read_number(const std::string& name, const char* key,
                                      const Json& value) const {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > uint64_t{INT64_MAX}) {
    bad("{}: {} has {} where a number from 0 belongs", shown(name), key, shown(value));
  }
  return value.get<uint64_t>();
}

void SafetensorsFile::read_entry(const std::string& name, const Json& value,
                                 const unsigned char* data, size_t size) {
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets")) {
    bad("{}: an entry has dtype, shape and data_offsets, nothing else", shown(name));
  }
  const Json& dtype = value["dtype"];
  const auto known = dtype.is_string() ? dtype_named(dtype.get<std::string>()) : std::nullopt;
  if (!known) bad("{}: unknown dtype {}", shown(name), shown(dtype));
  const Json& shape = value["shape"];
  if (!shape.is_array() || shape.size() > kMaxRank)
    bad("{}: bad shape {}", shown(name), shown(shape));
  const Json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2)
    bad("{}: bad data_offsets {}", shown(name), shown(offsets));

  TensorEntry entry{name, *known, {}, nullptr, 0};
  uint64_t expected = item_size(*known);
  for (const Json& dimension : shape) {
    const uint64_t count = read_number(name, "shape", dimension);
    entry.shape.push_back(static_cast<int64_t>(count));
    if (__builtin_mul_overflow(expected, count, &expected))
      bad("{}: shape {} overflows", shown(name), shown(shape));
  }
  const uint64_t begin = read_number(name, "data_offsets", offsets[0]);
  const uint64_t end = read_number(name, "data_offsets", offsets[1]);
  if (begin > end || end > size) {
    bad("{}: data_offsets {} reach beyond the file's {} data bytes: truncated?", shown(name),
        shown(offsets), size);
  }
  if (end - begin != expected) {
    bad("{}: {} bytes of data, {} {} takes {}", shown(name), end - begin,
        entry.shape.empty() ? "a scalar" : shown(shape), checkpoint::name(*known), expected);
  }
  entry.data = data + begin;
  entry.bytes = expected;
  entries_.push_back(
      std::move(entry));  // nlohmann::json's objects are sorted by key, so entries_ is
}

void SafetensorsFile::check_layout(const unsigned char* data, size_t size) const {
  std::vector<const TensorEntry*> order;
  for (const TensorEntry& entry : entries_) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const TensorEntry* a, const TensorEntry* b) {
    return std::make_pair(a->data, a->bytes) < std::make_pair(b->data, b->bytes);
  });
  const unsigned char* position = data;
  for (const TensorEntry* entry : order) {
    if (entry->data != position)
      bad("{}: its data overlap another tensor's, or leave a hole", shown(entry->name));
    position += entry->bytes;
  }
  const auto covered = static_cast<size_t>(position - data);
  if (covered != size) bad("{} bytes of data, the tensors take {}", size, covered);
}

void SafetensorsFile::align_entries() {
  for (TensorEntry& entry : entries_) {
    if (reinterpret_cast<uintptr_t>(entry.data) % item_size(entry.dtype) == 0) continue;
    copies_.push_back(std::make_unique<unsigned char[]>(entry.bytes));
    std::memcpy(copies_.back().get(), entry.data, entry.bytes);
    let_go(entry.data, entry.bytes);
    entry.data = copies_.back().get();
  }
}

}  // namespace

std::shared_ptr<const TensorFile> open_safetensors(const std::string& path) {
  return parse_safetensors(open_file(path, FileAccess::kMapped), path);
}

std::shared_ptr<const TensorFile> parse_safetensors(const void* data, size_t size,
                                                    const std::string& name) {
  return parse_safetensors(copy_bytes(data, size), name);
}

std::shared_ptr<const TensorFile> parse_safetensors(std::shared_ptr<const FileBytes> bytes,
                                                    const std::string& name) {
  return std::make_shared<SafetensorsFile>(name, std::move(bytes));
}

}  // namespace chatterbox::checkpoint
