// Zip archives and the files of torch.save(): with the checksums that their records would have, or,
// where their size is a multiple of eight, as they are.
#include "checkpoint/torch_checkpoint.h"
#include "checkpoint/torch_zip.h"
#include "checkpoint/zip_archive.h"
#include "fuzz/parser.h"
#include "support/crc32.h"
#include "support/file_bytes.h"

namespace chatterbox::fuzz {
namespace {

uint32_t number(const std::string& bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << 8 * i;
  }
  return value;
}

void put(std::string& bytes, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i);
}

// APPNOTE.TXT of zip: where the fields of a record of the central directory and of a local one are.
void repair_checksums(std::string& bytes) {
  constexpr size_t kCentral = 46, kLocal = 30;
  for (size_t at = bytes.find("PK\x01\x02");
       at != std::string::npos && at + kCentral <= bytes.size();
       at = bytes.find("PK\x01\x02", at + 4)) {
    const size_t size = number(bytes, at + 20, 4), local = number(bytes, at + 42, 4);
    if (local + kLocal > bytes.size()) continue;
    const size_t begin =
        local + kLocal + number(bytes, local + 26, 2) + number(bytes, local + 28, 2);
    if (begin > bytes.size() || size > bytes.size() - begin) continue;
    put(bytes, at + 16, testing::crc32(bytes.data() + begin, size));
  }
}

void parse(const std::string& bytes) {
  run_parser([&] {
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    for (const auto& [name, record] : checkpoint::read_zip(data, bytes.size(), "file")) {
      read_all(record.data, record.size);
    }
  });
  bool is_torch = !bytes.empty() && bytes.front() == '\x80';  // the format before zip archives
  run_parser([&] {
    const auto file = checkpoint::parse_torch_zip(bytes.data(), bytes.size(), "file");
    require(file->path() == "file" && file->metadata().empty(), "another file");
    (void)file->number("x.i");
    is_torch = true;
  });
  if (!is_torch) return;
  run_parser([&] {
    const auto file = checkpoint::parse_torch_checkpoint(own_bytes(bytes), "file");
    for (const auto& entry : file->entries()) {
      read_all(entry.data, entry.bytes);
      file->let_go(entry.data, entry.bytes);
    }
  });
}

}  // namespace
}  // namespace chatterbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(chatterbox::fuzz::Input(data, size).rest());
  if (size % 8 != 0) chatterbox::fuzz::repair_checksums(bytes);
  chatterbox::fuzz::parse(bytes);
  return 0;
}
