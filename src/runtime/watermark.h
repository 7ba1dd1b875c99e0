// The watermark's place in a loaded model.
#pragma once

#include <memory>
#include <string>

#include "nn/placement.h"
#include "runtime/options.h"
#include "support/file_source.h"
#include "watermark/perth.h"

namespace chatterbox::runtime {

// Null where it is not wanted, or wanted only where its weights are found (Watermark::kAuto) and
// they are not. kNotFound where it must be on and they are not. They are looked for among the
// model's files first.
[[nodiscard]] std::shared_ptr<const watermark::Perth> load_watermark(
    Watermark wanted, const FileSource& model, FileAccess access, const nn::Placement& placement);

// From a file, or where that is empty, from the one that is installed. On the CPU. kNotFound,
// kBadModelFile.
[[nodiscard]] std::shared_ptr<const watermark::Perth> load_perth_weights(const std::string& path);

}  // namespace chatterbox::runtime
