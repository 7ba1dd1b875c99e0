// The control groups (version 2) that this process is in. Torch-free.
#pragma once

#include <string>
#include <vector>

namespace chatterbox::runtime {

// Folders below /sys/fs/cgroup: the process's own group first, then each group that it is in, up to
// the root. Within a container the root is the container's group. `root`: where /proc and /sys are.
[[nodiscard]] std::vector<std::string> control_groups(const std::string& root = "");

}  // namespace chatterbox::runtime
