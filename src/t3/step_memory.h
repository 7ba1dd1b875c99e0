// What a decode step on a device works on, beside weights and cache: an estimate, to plan memory
// by.
#pragma once

#include <cstdint>

namespace chatterbox::t3 {

class Model;

// All graphs of a decoder share the memory of the largest step, in which the intermediate results
// lie (runtime/cuda_graphs.cpp).
struct StepMemory {
  int64_t row_bytes = 0;       // of each row of the largest step
  int64_t position_bytes = 0;  // of each position of such a row
  int64_t graph_bytes = 0;     // of a graph's nodes
};
// Nothing on a CPU, and of a model that fills blocks.
[[nodiscard]] StepMemory step_memory(const Model& model);

}  // namespace chatterbox::t3
