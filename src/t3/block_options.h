// How speech is drawn in blocks (block diffusion, Chatterbox-Flash): all positions of a block are
// masked at first, and each pass of T3 over the block fills some of them for good. Torch-free.
#pragma once

#include <cstdint>

namespace chatterbox::t3 {

// Defaults: the package's, but for fill_before_end. Ranges as in engine/request.h, validated there.
struct BlockOptions {
  int64_t size = 16;            // positions of a block
  int64_t passes = 10;          // over a block, at most; the last one fills all that is left
  double schedule_shift = 0.5;  // below 1, few are filled at first and more later; 0: even parts
  double early_decoding = 0.1;  // how soon good positions are filled ahead of that schedule; 0: not
  bool position_noise = true;   // which positions are filled is partly random
  bool prior = true;            // scores are relative to the model's own prior, not to the block's
  // An end of speech waits until the positions before it are filled. The package ends at once, and
  // the speech of those that are masked is lost.
  bool fill_before_end = true;
};

}  // namespace chatterbox::t3
