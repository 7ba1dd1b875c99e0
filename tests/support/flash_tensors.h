// What Flash's T3 did, pass by pass, against the reference.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/collected_tensors.h"
#include "support/golden.h"
#include "support/tensors.h"

namespace chatterbox::testing {

// Scores are differences of logarithms of probabilities, and have the range of logits.
inline void expect_flash_tensors(const CollectedTensors& collected, const Golden& golden) {
  for (const char* tensor : {"t3.budget", "text.ids", "flash.sampled", "flash.state", "flash.info",
                             "flash.committed_in"}) {
    EXPECT_TRUE(collected.equal(tensor, golden.tensor(tensor))) << tensor;
  }
  for (const char* tensor : {"t3.logits.b0k0", "t3.logits.b0k1", "t3.logits.b1k0", "flash.pmi"}) {
    SCOPED_TRACE(tensor);
    expect_close(collected.tensor(tensor), golden.tensor(tensor), Stage::kLogits);
  }
  for (const char* tensor : {"flash.noise", "rng.after_t3"}) {
    EXPECT_LE(max_abs(collected.tensor(tensor), golden.tensor(tensor)), 1e-5) << tensor;
  }
  if (!golden.has("t3.prior")) return;
  const at::Tensor prior = golden.tensor("t3.prior");
  EXPECT_LE(max_abs(collected.tensor("t3.prior") / prior, at::ones_like(prior)), 1e-4);
}

// A pass more for each block but the last.
inline int64_t flash_forwards(const Golden& golden) {
  const at::Tensor info = golden.tensor("flash.info");
  return info.size(0) + info[-1][0].item<int64_t>();
}

}  // namespace chatterbox::testing
