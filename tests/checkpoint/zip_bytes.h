// Zip archives made by hand, sound ones and others.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/pickle_bytes.h"
#include "support/crc32.h"

namespace chatterbox::testing {

struct ZipEntry {
  std::string name;
  std::string bytes;  // as stored
  uint16_t method = 0;
  uint16_t flags = 0;
  std::optional<uint32_t> size = {};           // before compression; default: as stored
  std::optional<uint32_t> crc = {};            // default: that of the bytes
  std::optional<std::string> local_name = {};  // default: the name
  std::optional<uint32_t> local_offset = {};   // default: where the record is
};

namespace zip {

using pickle::little_endian;

inline std::string fields(const ZipEntry& entry) {
  const auto stored = static_cast<uint32_t>(entry.bytes.size());
  return little_endian(entry.flags, 2) + little_endian(entry.method, 2) + little_endian(0, 4) +
         little_endian(entry.crc.value_or(crc32(entry.bytes.data(), stored)), 4) +
         little_endian(stored, 4) + little_endian(entry.size.value_or(stored), 4) +
         little_endian(entry.name.size(), 2);
}

inline std::string local_record(const ZipEntry& entry) {
  return "PK\x03\x04" + little_endian(20, 2) + fields(entry) + little_endian(0, 2) +
         entry.local_name.value_or(entry.name) + entry.bytes;
}

inline std::string central_record(const ZipEntry& entry, size_t offset) {
  return "PK\x01\x02" + little_endian(20, 4) + fields(entry) + little_endian(0, 12) +
         little_endian(entry.local_offset.value_or(static_cast<uint32_t>(offset)), 4) + entry.name;
}

inline std::string end_record(size_t records, size_t bytes, size_t offset) {
  return "PK\x05\x06" + little_endian(0, 4) + little_endian(records, 2) +
         little_endian(records, 2) + little_endian(bytes, 4) + little_endian(offset, 4) +
         little_endian(0, 2);
}

}  // namespace zip

inline std::string make_zip(const std::vector<ZipEntry>& entries) {
  std::string records, directory;
  for (const ZipEntry& entry : entries) {
    directory += zip::central_record(entry, records.size());
    records += zip::local_record(entry);
  }
  return records + directory + zip::end_record(entries.size(), directory.size(), records.size());
}

}  // namespace chatterbox::testing
