// Where the weights of the watermark are. Torch-free.
#pragma once

#include <optional>
#include <string>

namespace chatterbox::watermark {

inline constexpr const char* kWeightsFile = "perth_implicit.safetensors";
inline constexpr const char* kWeightsVariable = "CHATTERBOX_WATERMARK";

// Beside those that a model may bring, the first of these that exists, or nothing:
//   - the file that the environment variable CHATTERBOX_WATERMARK names; kNotFound where it is set,
//     but there is no such file
//   - <prefix>/share/chatterbox/, beside the folder of the library or program that this code is in
//   - where cmake/setup.sh put it, in the sources that this code was built from
[[nodiscard]] std::optional<std::string> find_weights();

}  // namespace chatterbox::watermark
