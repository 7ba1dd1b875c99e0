// The memory of the stand-in device: the host sees its addresses, and may not read or write there.
#pragma once

#include <c10/core/Allocator.h>

namespace chatterbox::testing {

// Its addresses lie in pages without access. What is stored there lies at another address, which
// only the backend asks for. New memory is full of NaN.
[[nodiscard]] c10::Allocator* hidden_memory();
[[nodiscard]] bool is_hidden(const void* address);
// Where the bytes are that the device has at this address; null for null.
[[nodiscard]] void* behind(const void* address);

}  // namespace chatterbox::testing
