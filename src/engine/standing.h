// Where a job stands among others.
#pragma once

#include <cstdint>

namespace chatterbox::engine {

// Whoever takes turns with others: a client of the caller's, or by itself a batch or a long text.
struct ClientId {
  bool bulk = false;
  uint64_t id = 0;

  bool operator==(const ClientId& other) const { return bulk == other.bulk && id == other.id; }
};

struct Standing {
  ClientId client = {};
  int32_t priority = 0;
  uint64_t series = 0;  // of the pieces of one long text, which are wanted in order; 0: of none
  int64_t rows = 0;     // of the KV cache that it will take
};

}  // namespace chatterbox::engine
