// What targets of parsers share.
#pragma once

#include <exception>
#include <string_view>

#include "fuzz/target.h"
#include "support/status.h"

namespace chatterbox::fuzz {

// A parser of what others wrote ends well, or with an error of ours that says so in some words.
template <class Parse>
void run_parser(const Parse& parse) {
  try {
    parse();
  } catch (const Error& error) {
    require(error.status() != Status::kInternal, error.what());
    require(std::string_view(error.what()).size() < 4000, "a message without bounds");
  } catch (const std::exception& error) {
    require(false, error.what());
  }
}

// So that every byte of what was parsed is read.
inline void read_all(const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  volatile unsigned sum = 0;
  for (size_t i = 0; i < size; ++i) sum = sum + bytes[i];
}

}  // namespace chatterbox::fuzz
