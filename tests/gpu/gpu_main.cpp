#include <gtest/gtest.h>

#include "gpu/probe.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const int missing = chatterbox::testing::probe_gpu();
  return missing != 0 ? missing : RUN_ALL_TESTS();
}
