// A saved voice or a conds.pt, as a model's folder has it. What is accepted can be saved and read
// again, and is the same.
#include "fuzz/parser.h"
#include "support/temporary_folder.h"
#include "voice/conditionals.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox;  // NOLINT
  static const testing::TemporaryFolder kFolder;
  static const std::string kPath = kFolder.file("voice");
  const FilesInMemory files("folder", {{"file", copy_bytes(data, size)}});
  fuzz::run_parser([&] {
    const voice::Conditionals voice = voice::load(files, "file");
    voice::save(voice, kPath);
    const voice::Conditionals again = voice::load(kPath);
    fuzz::require(voice::content_id(voice) == voice::content_id(again), "another voice");
  });
  return 0;
}
