// A zip file's records, stored without compression, as torch.save writes them. Torch-free.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace chatterbox::checkpoint {

struct ZipRecord {
  const unsigned char* data = nullptr;  // in the archive's own bytes
  size_t size = 0;
};

// The central directory's records by name, with the bytes' CRC-32 checked. Throws kBadModelFile,
// with `name` and the record at fault, for anything but a complete archive of stored, plain
// records.
[[nodiscard]] std::map<std::string, ZipRecord> read_zip(const unsigned char* data, size_t size,
                                                        const std::string& name);

}  // namespace chatterbox::checkpoint
