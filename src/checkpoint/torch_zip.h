// The files of Python's torch.save(): a zip archive with a pickle and one record per storage. Only
// dicts, lists, tuples, plain values and tensors are read; nothing is executed. Torch-free.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/tensor_file.h"
#include "support/file_bytes.h"

namespace chatterbox::checkpoint {

// Tensors are named by their way through the dicts, "gen.prompt_feat"; lists and tuples count from
// 0.
class TorchFile : public TensorFile {
 public:
  // A float, int or bool of the tree by the same kind of name; empty where there is none.
  [[nodiscard]] virtual std::optional<double> number(std::string_view name) const = 0;
};

// From bytes in memory: shared, or copied. `name` stands in messages. Throws kBadModelFile with it
// and the record, global or opcode at fault.
[[nodiscard]] std::shared_ptr<const TorchFile> parse_torch_zip(
    std::shared_ptr<const FileBytes> bytes, const std::string& name);
[[nodiscard]] std::shared_ptr<const TorchFile> parse_torch_zip(const void* data, size_t size,
                                                               const std::string& name);

}  // namespace chatterbox::checkpoint
