// How the tensors of a T3 file are stored, as published and quantised (see nn/int8_file.h). By
// their names and shapes alone. Torch-free.
#pragma once

#include "checkpoint/tensor_file.h"

namespace chatterbox::t3 {

enum class Stored {
  kUnused,        // of the training
  kMatrix,        // of the backbone, [out, in]: under int8 it is packed
  kInOutMatrix,   // the same as [in, out]
  kTable,         // embeddings and what else has more than one dimension
  kVector,        // norms and biases, which some precisions read in fp32
  kPackedMatrix,  // in a quantised file
  kPackedScale,   // its scales
};

[[nodiscard]] Stored stored_as(const checkpoint::TensorEntry& entry);

}  // namespace chatterbox::t3
