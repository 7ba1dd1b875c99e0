// Damaged files must be refused with a reason, or still be complete: never a crash, never a read
// outside of the file. A sanitizer build sees the latter.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "checkpoint/tensor_file.h"
#include "support/status.h"

namespace chatterbox::testing {

// Reads every byte that a file gives and checks that sizes and shapes agree.
inline uint64_t read_everything(const checkpoint::TensorFile& file) {
  uint64_t sum = 0;
  for (const checkpoint::TensorEntry& entry : file.entries()) {
    size_t bytes = checkpoint::item_size(entry.dtype);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(entry.data) % (entry.bytes > 0 ? bytes : 1), 0)
        << entry.name;
    for (const int64_t size : entry.shape) bytes *= static_cast<size_t>(size);
    EXPECT_EQ(bytes, entry.bytes) << entry.name;
    const auto* data = static_cast<const unsigned char*>(entry.data);
    for (size_t i = 0; i < entry.bytes; ++i) sum += data[i];
  }
  return sum;
}

// Whether `parse(bytes, name)` refuses the bytes. Fails the test where the refusal is no good one.
template <class Parse>
bool refuses(const Parse& parse, const std::string& bytes, const std::string& what) {
  try {
    read_everything(*parse(bytes, "some/file"));
    return false;
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.status(), Status::kBadModelFile) << what << ": " << message;
    EXPECT_EQ(message.rfind("some/file: ", 0), 0U) << what << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << what << ": " << message;
    EXPECT_GT(message.size(), 20U) << what;
    return true;
  } catch (const std::exception& error) {
    ADD_FAILURE() << what << ": an exception of another kind, " << error.what();
    return true;
  }
}

template <class Parse>
void expect_refused(const Parse& parse, const std::string& bytes, const std::string& reason) {
  try {
    parse(bytes, "some/file");
    ADD_FAILURE() << "not refused, though: " << reason;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadModelFile);
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos)
        << error.what() << "\n does not say: " << reason;
  }
}

// How many of the files with one bit flipped in [begin, end) are refused.
template <class Parse>
size_t count_refused_flips(const Parse& parse, const std::string& good, size_t begin, size_t end) {
  size_t refused = 0;
  for (size_t bit = 8 * begin; bit < 8 * end; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    refused += refuses(parse, bytes, "bit " + std::to_string(bit)) ? 1 : 0;
  }
  return refused;
}

}  // namespace chatterbox::testing
