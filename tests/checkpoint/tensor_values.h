// The numbers of a file's tensor.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "checkpoint/tensor_file.h"

namespace chatterbox::testing {

template <class T>
std::vector<T> values(const checkpoint::TensorFile& file, const std::string& name) {
  const checkpoint::TensorEntry* entry = file.find(name);
  if (entry == nullptr) {
    ADD_FAILURE() << "no " << name;
    return {};
  }
  const auto* data = static_cast<const T*>(entry->data);
  return {data, data + entry->bytes / sizeof(T)};
}

}  // namespace chatterbox::testing
