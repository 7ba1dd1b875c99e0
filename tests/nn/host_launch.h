// Runs a kernel of nn/cuda/kernel.h on the CPU: a loop over blocks, phases and threads.
#pragma once

#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "nn/cuda/kernel.h"

namespace chatterbox::testing {

// Within a phase the threads of a device run in any order: where two of them meet without a barrier
// between, these two orders give different results.
enum class ThreadOrder { kForward, kBackward };
inline constexpr ThreadOrder kThreadOrders[] = {ThreadOrder::kForward, ThreadOrder::kBackward};

template <class Kernel>
int phases_of(const typename Kernel::Arguments& arguments, nn::cuda::Place block) {
  if constexpr (Kernel::kPhases > 0) {
    return Kernel::kPhases;
  } else {
    return Kernel::phases(arguments, block);
  }
}

template <class Kernel>
void run_block(const typename Kernel::Arguments& arguments, nn::cuda::Place block,
               ThreadOrder order) {
  using Shared = typename Kernel::Shared;
  using Registers = typename Kernel::Registers;
  static_assert(std::is_trivially_copyable_v<Shared> && std::is_trivially_copyable_v<Registers>);
  constexpr int kGarbage = 0xff;  // of every byte: no number
  const auto shared = std::make_unique<Shared>();
  std::memset(static_cast<void*>(shared.get()), kGarbage, sizeof(Shared));
  std::vector<Registers> registers(Kernel::kThreads);
  std::memset(static_cast<void*>(registers.data()), kGarbage, sizeof(Registers) * registers.size());
  const int phases = phases_of<Kernel>(arguments, block);
  for (int phase = 0; phase < phases; ++phase) {
    for (int i = 0; i < Kernel::kThreads; ++i) {
      const int thread = order == ThreadOrder::kForward ? i : Kernel::kThreads - 1 - i;
      Kernel::run(phase, arguments, block, thread, *shared, registers[static_cast<size_t>(thread)]);
    }
  }
}

template <class Kernel>
void launch_on_host(const typename Kernel::Arguments& arguments,
                    ThreadOrder order = ThreadOrder::kForward) {
  const nn::cuda::Place grid = Kernel::grid(arguments);
  for (int z = 0; z < grid.z; ++z) {
    for (int y = 0; y < grid.y; ++y) {
      for (int x = 0; x < grid.x; ++x) run_block<Kernel>(arguments, {x, y, z}, order);
    }
  }
}

}  // namespace chatterbox::testing
