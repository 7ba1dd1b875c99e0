// Files as torch.save() makes them, by hand.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/zip_bytes.h"

namespace chatterbox::testing {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

struct Strided {
  std::vector<int64_t> shape = {};
  std::vector<int64_t> strides = {};
  int64_t offset = 0;
};

inline std::string number_tuple(const std::vector<int64_t>& numbers) {
  std::string items = "(";
  for (const int64_t number : numbers) items += pickle::wide_number(number);
  return items + "t";
}

// `type` "FloatStorage" of `count` elements, in the record data/KEY.
inline std::string torch_storage(const std::string& type, int64_t count, const std::string& key) {
  return pickle::tuple({pickle::text("storage"), pickle::global("torch", type), pickle::text(key),
                        pickle::text("cpu"), pickle::wide_number(count)}) +
         "Q";
}

inline std::string torch_tensor(const std::string& type, int64_t count, const Strided& view,
                                const std::string& key) {
  return pickle::call(pickle::global("torch._utils", "_rebuild_tensor_v2"),
                      pickle::tuple({torch_storage(type, count, key),
                                     pickle::wide_number(view.offset), number_tuple(view.shape),
                                     number_tuple(view.strides), "\x89", pickle::ordered_dict()}));
}

// `storages` are the records data/0, data/1, ...
inline std::string torch_file(const std::string& value, const std::vector<std::string>& storages,
                              const std::string& folder = "archive") {
  std::vector<ZipEntry> entries = {{folder + "/data.pkl", pickle::file(value)},
                                   {folder + "/byteorder", "little"}};
  for (size_t i = 0; i < storages.size(); ++i) {
    entries.push_back({folder + "/data/" + std::to_string(i), storages[i]});
  }
  return make_zip(entries);
}

}  // namespace chatterbox::testing
