// Options that have names, on the command line and in JSON.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <map>
#include <string>

namespace chatterbox::app {

[[nodiscard]] const std::map<std::string, Noise>& noise_names();
[[nodiscard]] const std::map<std::string, Halo>& halo_names();
[[nodiscard]] const std::map<std::string, Prompt>& prompt_names();

}  // namespace chatterbox::app
