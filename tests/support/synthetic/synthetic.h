// The synthetic model: a checkpoint with the official names and shapes whose weights come from a
// published formula (see the .cpp), so that any program can make the same bits without a download.
// Torch-free.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "checkpoint/tensor_file.h"

namespace chatterbox::testing {

enum class SyntheticSize { kTiny, kFull };

// `file`: an official name without its ending: "t3_cfg", "t3_mtl23ls_v2", "t3_mtl23ls_v3",
// "t3_turbo_v1", "t3_nano_v1" (full only), "t3_flash", "s3gen", "s3gen_meanflow" or "ve".
// kInvalidArgument for another. The bytes are computed here, by all cores.
[[nodiscard]] std::shared_ptr<const checkpoint::TensorFile> make_synthetic(const std::string& file,
                                                                           SyntheticSize size,
                                                                           uint64_t seed = 0);

// Embedded companions of the synthetic model.
[[nodiscard]] std::string_view synthetic_tokenizer_json();
[[nodiscard]] std::string_view synthetic_conds_pt(SyntheticSize size);

}  // namespace chatterbox::testing
