// Where the weights of the watermark are. Torch-free.
#pragma once

#include <optional>
#include <string>

namespace chatterbox::watermark {

inline constexpr const char* kWeightsFile = "perth_implicit.safetensors";
inline constexpr const char* kWeightsVariable = "CHATTERBOX_WATERMARK";

// The first of these that exists, or nothing:
//   - the file in `model_folder`; "" stands for no folder
//   - the file that the environment variable CHATTERBOX_WATERMARK names; kNotFound where it is set,
//     but there is no such file
//   - <prefix>/share/chatterbox/, beside the folder of the library or program that this code is in
//   - where cmake/setup.sh put it, in the sources that this code was built from
[[nodiscard]] std::optional<std::string> find_weights(const std::string& model_folder);

}  // namespace chatterbox::watermark
