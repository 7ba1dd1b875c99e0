#include "support/failure.h"

#include <algorithm>
#include <exception>
#include <new>
#include <string_view>

#include "support/utf8.h"

namespace chatterbox {
namespace {

constexpr size_t kMaxMessageBytes = 2000;

// UTF-8 of at most so many bytes.
std::string readable(std::string_view message) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD", kCut = "...";
  std::string text;
  for (size_t i = 0; i < message.size();) {
    const size_t size = decode_utf8(message, i).size;
    const std::string_view next = size == 0 ? kReplacement : message.substr(i, size);
    if (text.size() + next.size() > kMaxMessageBytes) return text.append(kCut);
    text += next;
    i += std::max<size_t>(1, size);
  }
  return text;
}

Failure translate() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.status(), readable(error.what())};
  } catch (const std::bad_alloc&) {
    return {Status::kOutOfMemory, "out of memory"};
  } catch (const std::exception& error) {
    return {Status::kInternal, readable(error.what())};
  } catch (...) {
    return {Status::kInternal, "unknown exception"};
  }
}

}  // namespace

Failure current_failure() noexcept {
  try {
    return translate();
  } catch (...) {
    // There was no memory for the message. This one fits into a string without any.
    return {Status::kOutOfMemory, "out of memory"};
  }
}

}  // namespace chatterbox
