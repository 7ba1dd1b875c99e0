// The synthetic model as a checkpoint folder: the architecture of the official one with tiny
// made-up weights, whose sound is noise.
#pragma once

#include <string>

#include "runtime/checkpoint_folder.h"

namespace chatterbox::testing {

// Written once a process.
inline const std::string& synthetic_folder() {
  static const CheckpointFolder folder;
  static const std::string path = folder.path();
  return path;
}

}  // namespace chatterbox::testing
