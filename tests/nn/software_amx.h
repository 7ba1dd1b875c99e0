// The int8 kernels of AMX with tiles in software, so that they are tested on every machine.
#pragma once

#include "nn/cpu/int8.h"

namespace chatterbox::nn::cpu {

[[nodiscard]] const Int8Kernels& software_amx_kernels();
// Operands that do not fit each other, which the processor refuses, since the program began.
[[nodiscard]] int software_tile_faults();

}  // namespace chatterbox::nn::cpu
