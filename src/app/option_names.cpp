#include "app/option_names.h"

namespace chatterbox::app {

const std::map<std::string, Noise>& noise_names() {
  static const std::map<std::string, Noise> kNames = {{"reference", Noise::kReference},
                                                      {"by-frame", Noise::kByFrame}};
  return kNames;
}

const std::map<std::string, Halo>& halo_names() {
  static const std::map<std::string, Halo> kNames = {{"exact", Halo::kExact},
                                                     {"low-latency", Halo::kLowLatency}};
  return kNames;
}

const std::map<std::string, Prompt>& prompt_names() {
  static const std::map<std::string, Prompt> kNames = {{"recomputed", Prompt::kRecomputed},
                                                       {"frozen", Prompt::kFrozen}};
  return kNames;
}

}  // namespace chatterbox::app
