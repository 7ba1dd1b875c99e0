// The parts of a voice with the weights of the tiny synthetic checkpoint.
#pragma once

#include "checkpoint/synthetic.h"
#include "nn/weight_reader.h"

namespace chatterbox::testing {

// `file`: "ve" or "s3gen".
inline nn::WeightReader tiny_reader(const char* file) {
  return {checkpoint::make_synthetic(file, checkpoint::SyntheticSize::kTiny), nn::Placement{}};
}

}  // namespace chatterbox::testing
