// The format: PKWARE's APPNOTE.TXT 6.3.3, sections 4.3 (records) and 4.5.3 (the zip64 extra field).
#include "checkpoint/zip_archive.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "checkpoint/crc32_tables.h"
#include "support/error.h"

namespace chatterbox::checkpoint {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kLocator64Signature = 0x07064b50;
constexpr size_t kLocalBytes = 30;
constexpr size_t kCentralBytes = 46;
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56;
constexpr size_t kLocator64Bytes = 20;
constexpr uint64_t kIn64 = 0xffffffff;  // the real value is in the zip64 extra field
constexpr uint64_t kMaxRecords = 100'000;
constexpr uint64_t kEncryptedFlag = 1;

// Eight bytes at a time, one table for each ("slicing by 8").
uint32_t crc32(const unsigned char* data, size_t size) {
  static constexpr Crc32Tables kTables = make_crc32_tables();
  uint32_t crc = 0xffffffff;
  for (; size >= 8; data += 8, size -= 8) {
    uint32_t next = 0;
    for (size_t i = 0; i < 4; ++i) {
      next ^= kTables[7 - i][data[i] ^ ((crc >> (8 * i)) & 0xff)] ^ kTables[3 - i][data[4 + i]];
    }
    crc = next;
  }
  for (; size > 0; ++data, --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *data) & 0xff];
  return ~crc;
}

class ZipReader {
 public:
  ZipReader(const unsigned char* data, size_t size, const std::string& name)
      : data_(data), size_(size), name_(name) {}

  [[nodiscard]] std::map<std::string, ZipRecord> read();

 private:
  struct Directory {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    uint64_t records = 0;
  };
  struct Central {
    std::string name;
    uint64_t flags = 0, method = 0, crc = 0, stored = 0, size = 0, local = 0;
  };

  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kBadModelFile, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }
  // Little-endian number of `count` bytes. Throws where the archive ends before it.
  [[nodiscard]] uint64_t number(uint64_t offset, size_t count) const;
  void require(uint64_t offset, uint64_t count) const;
  [[nodiscard]] size_t find_end() const;
  [[nodiscard]] Directory find_directory(size_t end) const;
  [[nodiscard]] Central read_central(uint64_t offset, uint64_t limit, uint64_t* next) const;
  void read_zip64(uint64_t offset, uint64_t bytes, Central* entry) const;
  [[nodiscard]] ZipRecord read_record(const Central& entry, uint64_t limit) const;

  const unsigned char* data_;
  size_t size_;
  const std::string& name_;
};

void ZipReader::require(uint64_t offset, uint64_t count) const {
  if (offset > size_ || count > size_ - offset) {
    bad("damaged zip archive: {} bytes at {} lie beyond its {} bytes", count, offset, size_);
  }
}

uint64_t ZipReader::number(uint64_t offset, size_t count) const {
  require(offset, count);
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | data_[offset + i];
  return value;
}

// The end record is the last thing in the file: nothing may follow its comment.
size_t ZipReader::find_end() const {
  constexpr size_t kMaxComment = 0xffff;
  if (size_ < kEndBytes) bad("{} bytes are too few for a zip archive", size_);
  const size_t last = size_ - kEndBytes;
  for (size_t comment = 0; comment <= std::min(last, kMaxComment); ++comment) {
    const size_t offset = last - comment;
    if (number(offset, 4) == kEndSignature && number(offset + 20, 2) == comment) return offset;
  }
  bad("no zip archive, or a truncated one: its end record is missing");
}

ZipReader::Directory ZipReader::find_directory(size_t end) const {
  Directory directory{number(end + 16, 4), number(end + 12, 4), number(end + 10, 2)};
  if (number(end + 4, 4) != 0 || number(end + 8, 2) != directory.records) {
    bad("a zip archive in several parts");
  }
  if (end >= kLocator64Bytes && number(end - kLocator64Bytes, 4) == kLocator64Signature) {
    const uint64_t end64 = number(end - kLocator64Bytes + 8, 8);
    require(end64, kEnd64Bytes);
    if (number(end64, 4) != kEnd64Signature) bad("damaged zip archive: no zip64 end record");
    directory = {number(end64 + 48, 8), number(end64 + 40, 8), number(end64 + 32, 8)};
  }
  require(directory.offset, directory.bytes);
  if (directory.records > kMaxRecords) {
    bad("{} zip records, the limit is {}", directory.records, kMaxRecords);
  }
  return directory;
}

ZipReader::Central ZipReader::read_central(uint64_t offset, uint64_t limit, uint64_t* next) const {
  if (limit - offset < kCentralBytes || number(offset, 4) != kCentralSignature) {
    bad("damaged zip archive: no directory entry at {}", offset);
  }
  const uint64_t name_bytes = number(offset + 28, 2);
  const uint64_t extra_bytes = number(offset + 30, 2);
  const uint64_t tail = name_bytes + extra_bytes + number(offset + 32, 2);
  if (limit - offset - kCentralBytes < tail) bad("damaged zip archive: entry at {}", offset);
  Central entry;
  const unsigned char* text = data_ + offset + kCentralBytes;
  entry.name.assign(text, text + name_bytes);
  if (std::any_of(entry.name.begin(), entry.name.end(),
                  [](unsigned char c) { return c < ' ' || c > '~'; })) {
    bad("a zip record's name, at {}, is not printable ASCII", offset);
  }
  entry.flags = number(offset + 8, 2);
  entry.method = number(offset + 10, 2);
  entry.crc = number(offset + 16, 4);
  entry.stored = number(offset + 20, 4);
  entry.size = number(offset + 24, 4);
  entry.local = number(offset + 42, 4);
  read_zip64(offset + kCentralBytes + name_bytes, extra_bytes, &entry);
  *next = offset + kCentralBytes + tail;
  return entry;
}

void ZipReader::read_zip64(uint64_t offset, uint64_t bytes, Central* entry) const {
  constexpr uint64_t kZip64Field = 1;
  const uint64_t end = offset + bytes;
  while (end - offset >= 4) {
    const uint64_t id = number(offset, 2);
    const uint64_t length = number(offset + 2, 2);
    offset += 4;
    if (length > end - offset) bad("damaged zip archive: extra field of {}", entry->name);
    if (id == kZip64Field) {
      uint64_t position = offset;
      for (uint64_t* value : {&entry->size, &entry->stored, &entry->local}) {
        if (*value != kIn64) continue;
        if (offset + length - position < 8) bad("damaged zip64 field of {}", entry->name);
        *value = number(position, 8);
        position += 8;
      }
    }
    offset += length;
  }
}

ZipRecord ZipReader::read_record(const Central& entry, uint64_t limit) const {
  if (entry.method != 0 || entry.stored != entry.size || (entry.flags & kEncryptedFlag) != 0) {
    bad("zip record {} is compressed or encrypted; torch.save stores records plainly", entry.name);
  }
  require(entry.local, kLocalBytes);
  const uint64_t name_bytes = number(entry.local + 26, 2);
  const uint64_t header = kLocalBytes + name_bytes + number(entry.local + 28, 2);
  require(entry.local, header);
  const unsigned char* text = data_ + entry.local + kLocalBytes;
  if (number(entry.local, 4) != kLocalSignature || number(entry.local + 8, 2) != 0 ||
      name_bytes != entry.name.size() ||
      !std::equal(text, text + name_bytes, entry.name.begin(),
                  [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); })) {
    bad("zip record {} is not where the directory says", entry.name);
  }
  const uint64_t begin = entry.local + header;
  if (begin > limit || entry.size > limit - begin) {
    bad("zip record {}: {} bytes at {} reach into the directory", entry.name, entry.size, begin);
  }
  const ZipRecord record{data_ + begin, static_cast<size_t>(entry.size)};
  if (crc32(record.data, record.size) != entry.crc) {
    bad("zip record {} is damaged: its CRC-32 differs", entry.name);
  }
  return record;
}

std::map<std::string, ZipRecord> ZipReader::read() {
  const Directory directory = find_directory(find_end());
  const uint64_t limit = directory.offset + directory.bytes;
  std::map<std::string, ZipRecord> records;
  uint64_t offset = directory.offset;
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < directory.records; ++i) {
    const Central entry = read_central(offset, limit, &offset);
    if (!records.emplace(entry.name, read_record(entry, directory.offset)).second) {
      bad("zip record {} is there twice", entry.name);
    }
    // Records that share their bytes would make the checksums of a small file take hours.
    if (entry.size > size_ - bytes) bad("zip record {} overlaps others", entry.name);
    bytes += entry.size;
  }
  if (offset != limit) bad("damaged zip archive: {} bytes after its directory", limit - offset);
  return records;
}

}  // namespace

std::map<std::string, ZipRecord> read_zip(const unsigned char* data, size_t size,
                                          const std::string& name) {
  return ZipReader(data, size, name).read();
}

}  // namespace chatterbox::checkpoint
