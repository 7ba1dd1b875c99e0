// The weights that the Python package publishes as .pt: a module's state_dict() in a file of
// torch.save(). Torch-free.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/tensor_file.h"
#include "support/file_bytes.h"

namespace chatterbox::checkpoint {

// Like open_safetensors(): maps the file read-only and validates all of it. A contiguous tensor
// stays in the file (torch.save aligns storages), and tensors may share one; a strided one is
// copied. Throws kNotFound, kIo, or kBadModelFile with the path and the tensor or record at fault.
[[nodiscard]] std::shared_ptr<const TensorFile> open_torch_checkpoint(const std::string& path);
// The same from bytes in memory, which are shared. `name` stands in messages.
[[nodiscard]] std::shared_ptr<const TensorFile> parse_torch_checkpoint(
    std::shared_ptr<const FileBytes> bytes, const std::string& name);

}  // namespace chatterbox::checkpoint
