// Python's pickle, protocol 2, restricted to plain data. Nothing is ever called or imported: a call
// is kept as data, and only of the globals that the caller allows. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chatterbox::checkpoint {

struct PickleValue {
  using Pointer = const PickleValue*;
  struct Sequence {
    std::vector<Pointer> items;
    bool is_tuple = false;
  };
  using Dict = std::map<std::string, Pointer, std::less<>>;  // also collections.OrderedDict
  struct Global {
    std::string name;  // "torch.FloatStorage"
  };
  struct Persistent {
    Pointer id = nullptr;
  };
  struct Call {
    std::string function;
    Pointer arguments = nullptr;  // a tuple
  };

  std::variant<std::monostate, bool, int64_t, double, std::string, Sequence, Dict, Global,
               Persistent, Call>
      value;

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&value);
  }
};

// Values refer to each other, and may do so in circles: who walks them bounds the depth and the
// steps.
struct PickleTree {
  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;
};

// Throws kBadModelFile with `name` and the opcode, the global or the offset at fault.
[[nodiscard]] std::unique_ptr<const PickleTree> parse_pickle(
    const unsigned char* data, size_t size, const std::string& name,
    const std::function<bool(std::string_view)>& is_allowed);

}  // namespace chatterbox::checkpoint
