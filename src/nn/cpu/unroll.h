// Before a loop that must be unrolled into registers.
#pragma once

#if defined(__clang__)
#define CHATTERBOX_UNROLL _Pragma("unroll")
#else
#define CHATTERBOX_UNROLL _Pragma("GCC unroll 16")
#endif
