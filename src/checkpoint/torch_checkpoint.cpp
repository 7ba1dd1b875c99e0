#include "checkpoint/torch_checkpoint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "checkpoint/torch_zip.h"
#include "support/error.h"
#include "support/file_bytes.h"

namespace chatterbox::checkpoint {
namespace {

// torch/serialization.py, MAGIC_NUMBER: what files began with before they were zip archives, as a
// pickled integer.
constexpr std::array<unsigned char, 14> kOldStart = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c,
                                                     0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

bool is_old(const FileBytes& bytes) {
  return bytes.size() >= kOldStart.size() &&
         std::equal(kOldStart.begin(), kOldStart.end(), bytes.data());
}

}  // namespace

std::shared_ptr<const TensorFile> parse_torch_checkpoint(std::shared_ptr<const FileBytes> bytes,
                                                         const std::string& name) {
  if (is_old(*bytes)) {
    fail(Status::kBadModelFile,
         "{}: in the format of PyTorch before 1.6, which is not read: load it in Python and "
         "torch.save() it again",
         name);
  }
  std::shared_ptr<const TorchFile> file = parse_torch_zip(std::move(bytes), name);
  if (file->entries().empty()) fail(Status::kBadModelFile, "{}: no tensors in it", name);
  return file;
}

}  // namespace chatterbox::checkpoint
