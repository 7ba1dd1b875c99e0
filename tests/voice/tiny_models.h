// The parts of a voice with the weights of the tiny synthetic checkpoint.
#pragma once

#include <memory>

#include "nn/weight_reader.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox::testing {

// `file`: "ve" or "s3gen".
inline std::shared_ptr<const checkpoint::TensorFile> tiny_file(const char* file) {
  return testing::make_synthetic(file, testing::SyntheticSize::kTiny);
}

inline nn::WeightReader tiny_reader(const char* file) { return {tiny_file(file), nn::Placement{}}; }

}  // namespace chatterbox::testing
