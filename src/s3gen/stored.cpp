#include "s3gen/stored.h"

namespace chatterbox::s3gen {

bool is_block_matrix(std::string_view name) {
  constexpr std::string_view kEstimator = "flow.decoder.estimator.", kWeight = ".weight";
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  return name.substr(0, kEstimator.size()) == kEstimator && name.size() > kWeight.size() &&
         name.substr(name.size() - kWeight.size()) == kWeight &&
         (has(".attn1.to_") || has(".ff.net."));
}

}  // namespace chatterbox::s3gen
