// Says which CUDA device there is; exit code 77 where there is none.
#include "gpu/probe.h"

int main() { return chatterbox::testing::probe_gpu(); }
