// The weights that the Python package publishes as .pt: a module's state_dict() in a file of
// torch.save(). Torch-free.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/tensor_file.h"
#include "support/file_bytes.h"

namespace chatterbox::checkpoint {

// Validates all of the bytes, which are shared: a contiguous tensor stays where it is (torch.save
// aligns storages), and tensors may share one; a strided one is copied. `name` stands in messages.
// Throws kBadModelFile with it and the tensor or record at fault.
[[nodiscard]] std::shared_ptr<const TensorFile> parse_torch_checkpoint(
    std::shared_ptr<const FileBytes> bytes, const std::string& name);

}  // namespace chatterbox::checkpoint
