// A pickle by itself, and, where it is one, in an archive whose checksums are right, with a storage
// beside it.
#include "checkpoint/pickle.h"
#include "checkpoint/torch_zip.h"
#include "checkpoint/zip_bytes.h"
#include "fuzz/parser.h"

namespace chatterbox::fuzz {
namespace {

void parse(const std::string& bytes) {
  bool is_pickle = false;
  run_parser([&] {
    const auto allow_torch = [](std::string_view name) { return name.substr(0, 5) == "torch"; };
    (void)checkpoint::parse_pickle(reinterpret_cast<const unsigned char*>(bytes.data()),
                                   bytes.size(), "file", allow_torch);
    is_pickle = true;
  });
  if (!is_pickle) return;
  run_parser([&] {
    const std::string file = testing::make_zip({{"archive/data.pkl", bytes},
                                                {"archive/byteorder", "little"},
                                                {"archive/data/0", std::string(64, '\1')}});
    const auto torch = checkpoint::parse_torch_zip(file.data(), file.size(), "file");
    for (const auto& entry : torch->entries()) {
      read_all(entry.data, entry.bytes);
      (void)torch->number(entry.name);
    }
  });
}

}  // namespace
}  // namespace chatterbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chatterbox::fuzz::parse(std::string(chatterbox::fuzz::Input(data, size).rest()));
  return 0;
}
