#include "runtime/control_group.h"

#include <fstream>

namespace chatterbox::runtime {
namespace {

// "/user.slice/session.scope" of the line "0::/user.slice/session.scope"; "" for the root, and
// where there are none. A path of another namespace begins with "/..": it cannot be seen from here.
std::string own_path(const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("0::/", 0) != 0) continue;
    const std::string path = line.substr(3);
    return path == "/" || path.rfind("/..", 0) == 0 ? "" : path;
  }
  return "";
}

}  // namespace

std::vector<std::string> control_groups(const std::string& root) {
  const std::string mount = root + "/sys/fs/cgroup";
  std::vector<std::string> folders;
  for (std::string path = own_path(root); !path.empty(); path.erase(path.rfind('/'))) {
    folders.push_back(mount + path);
  }
  folders.push_back(mount);
  return folders;
}

}  // namespace chatterbox::runtime
