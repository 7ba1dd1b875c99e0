// The reference's tensors (tests/golden/*.safetensors) and how to compare with them.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>

#include "checkpoint/tensor_file.h"
#include "support/collected_tensors.h"
#include "support/tolerance.h"

namespace chatterbox::testing {

class Golden {
 public:
  explicit Golden(const std::string& name);  // "en_tiny_default"

  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] at::Tensor tensor(const std::string& name) const;  // throws where it is absent
  [[nodiscard]] std::string meta(
      const std::string& key) const;  // the option the golden was made with
  // The same; nothing where it was left to its default.
  [[nodiscard]] std::optional<std::string> option(const std::string& key) const;

 private:
  std::shared_ptr<const checkpoint::TensorFile> file_;
};

// Records a GoogleTest failure with the largest difference and the correlation where the stage's
// tolerance is exceeded. A leading dimension of one makes no difference.
void expect_close(const at::Tensor& actual, const at::Tensor& expected, Stage stage,
                  Reference reference = Reference::kFp32Cpu);

// expect_close() for every stage of the pipeline that the golden has.
void expect_stages(const CollectedTensors& collected, const Golden& golden);

}  // namespace chatterbox::testing
