// How many CPU threads shall compute. Torch-free.
#pragma once

#include <string>
#include <vector>

namespace chatterbox::runtime {

// One for each physical core that this process may use: the CPUs of its affinity, those that share
// a core counted once, and no more than the quota of a control group that it is in pays for
// (rounded up). A second thread on a core gains nothing where both multiply, and threads beyond the
// quota are stopped in the middle of their work. At least 1. `root`: where /proc and /sys are.
[[nodiscard]] int usable_cores(const std::string& root = "");
// The same where the process may run on the CPUs of these numbers.
[[nodiscard]] int usable_cores(const std::vector<int>& affinity, const std::string& root);

// Of the threads that were asked for, as many as do no harm: four for each core. Many more wait for
// each other at every step, and a short sentence takes minutes.
[[nodiscard]] int capped_threads(int asked, int cores);

}  // namespace chatterbox::runtime
