// The random generator of a reference run, in the middle of it.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>

#include <string>

#include "support/golden.h"

namespace chatterbox::testing {

// Seeded as the golden's run and past T3's draws, one for each token; `after_flow`: past the CFM's
// too. What a draw takes from the generator depends on its shape alone.
inline at::Generator generator_after(const Golden& golden, bool after_flow) {
  at::Generator generator =
      at::make_generator<at::CPUGeneratorImpl>(std::stoull(golden.meta("seed")));
  const at::Tensor any = at::ones({1, golden.tensor("t3.logits0").size(1)});
  for (int64_t i = 0; i < golden.tensor("t3.tokens").numel(); ++i) {
    (void)at::multinomial(any, 1, /*replacement=*/false, generator);
  }
  if (after_flow) {
    const at::Tensor mu = golden.tensor("s3gen.mu");  // [P + S, 80]
    (void)at::randn({1, mu.size(1), mu.size(0)}, generator, at::TensorOptions(at::kFloat));
  }
  return generator;
}

}  // namespace chatterbox::testing
