// Int8Matrix in a safetensors file: "NAME.weight" is its data as the kernels of every instruction
// set want them (U8), so that they are mapped and not copied; "NAME.scale" has a scale for each
// output (F32). The file's metadata name the layout, which a change of cpu/int8.h's must change.
#pragma once

#include <string>

#include "checkpoint/tensor_file.h"
#include "nn/int8_matrix.h"
#include "nn/weight_reader.h"

namespace chatterbox::nn {

inline constexpr const char* kInt8LayoutKey = "chatterbox.int8_layout";
inline constexpr const char* kInt8Layout = "1";  // [panels, inputs / 4, 64 outputs, 4 inputs]
inline constexpr const char* kInt8Data = "weight";
inline constexpr const char* kInt8Scale = "scale";

// Whether the file has such matrices. Throws kBadModelFile where they have another layout.
[[nodiscard]] bool holds_int8(const checkpoint::TensorFile& file);

// Of the matrix that the reader's names begin with: whether it is stored so, and it. -1: any number
// of outputs.
[[nodiscard]] bool has_int8(const WeightReader& matrix);
[[nodiscard]] Int8Matrix read_int8(const WeightReader& matrix, int64_t outputs, int64_t inputs);

}  // namespace chatterbox::nn
