// The opcodes of pickles made by hand. A value is the string that pushes it.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>

namespace chatterbox::testing::pickle {

inline std::string little_endian(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return text;
}

inline std::string join(std::initializer_list<std::string> parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

inline std::string file(const std::string& value) { return "\x80\x02" + value + "."; }
inline std::string text(const std::string& value) {
  return "X" + little_endian(value.size(), 4) + value;
}
inline std::string number(int32_t value) {
  return "J" + little_endian(static_cast<uint32_t>(value), 4);
}
// Eight bytes, LONG1.
inline std::string wide_number(int64_t value) {
  return "\x8a\x08" + little_endian(static_cast<uint64_t>(value), 8);
}
inline std::string tuple(std::initializer_list<std::string> items) {
  return "(" + join(items) + "t";
}
inline std::string list(std::initializer_list<std::string> items) {
  return "](" + join(items) + "e";
}
// Keys and values in turn.
inline std::string dict(std::initializer_list<std::string> items) {
  return "}(" + join(items) + "u";
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string call(const std::string& function, const std::string& arguments) {
  return function + arguments + "R";
}
inline std::string ordered_dict() { return call(global("collections", "OrderedDict"), ")"); }

}  // namespace chatterbox::testing::pickle
