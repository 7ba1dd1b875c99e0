// Collects the tensors of the stages and writes them as one safetensors file.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <map>
#include <string>
#include <vector>

namespace chatterbox::cli {

class TensorDump {
 public:
  // Copies the tensor; one that was there by the same name is replaced. From one thread at a time.
  void add(const TensorView& view);
  void write(const std::string& path, const std::map<std::string, std::string>& metadata) const;

 private:
  struct Tensor {
    TensorView::Type type;
    std::vector<int64_t> shape;
    std::vector<char> bytes;
  };
  std::map<std::string, Tensor> tensors_;
};

}  // namespace chatterbox::cli
