// Speech tokens to a mel: the token encoder and the flow that it guides.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "s3gen/estimator.h"
#include "s3gen/s3gen.h"
#include "s3gen/token_encoder.h"

namespace chatterbox::s3gen {

class Flow {
 public:
  TokenEncoder encoder;
  nn::Linear speaker;  // [80, 192], of the x-vector
  Estimator estimator;
  nn::Placement placement;
};

// All rows in one padded batch, whatever the device.
[[nodiscard]] std::vector<at::Tensor> flow_padded(const Flow& flow, std::vector<FlowRow>& rows,
                                                  const FlowOptions& options);

}  // namespace chatterbox::s3gen
