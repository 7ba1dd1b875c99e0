// The files of data/, compiled in. Torch-free.
#pragma once

#include <string_view>

namespace chatterbox::testing {

[[nodiscard]] std::string_view embedded_manifest();  // names, shapes and dtypes of both sizes, JSON
[[nodiscard]] std::string_view embedded_tokenizer();
[[nodiscard]] std::string_view embedded_conds_tiny();
[[nodiscard]] std::string_view embedded_conds_full();

}  // namespace chatterbox::testing
