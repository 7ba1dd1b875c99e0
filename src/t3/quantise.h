// A T3 file with the matrices of its backbone in int8.
#pragma once

#include <memory>

#include "checkpoint/safetensors.h"

namespace chatterbox::t3 {

// Sends the file that is to replace `from`, a published one, matrix by matrix. What it holds is
// what a model has in memory under int8: packed matrices (nn/int8_file.h), and the other tensors in
// bf16 where more than one dimension makes them large, else as they are. Loaded, it is the same
// model, bit by bit. kBadModelFile: a matrix has a value that is not finite.
void quantise(const std::shared_ptr<const checkpoint::TensorFile>& from,
              const checkpoint::SafetensorsWriter::Sink& sink);

}  // namespace chatterbox::t3
