// How the tensors of an S3Gen file are stored, by their names alone. Torch-free.
#pragma once

#include <string_view>

namespace chatterbox::s3gen {

// Whether it is the weight of a linear layer of the estimator's transformers: under int8 it is
// packed.
[[nodiscard]] bool is_block_matrix(std::string_view name);

}  // namespace chatterbox::s3gen
