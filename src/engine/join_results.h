// The results of a long text's pieces as one.
#pragma once

#include "engine/result.h"

namespace chatterbox::engine {

// Adds those of one piece, but for its samples. Counts and times are sums; of what cannot be summed
// the worst stays. A piece's interventions are left out: their steps are none of the whole.
void add_piece(const Result& piece, Result& whole);

}  // namespace chatterbox::engine
