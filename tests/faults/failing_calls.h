// Calls of the system that fail when they are told to. For a program of its own: failing_calls.cpp
// takes the places of the C library's functions.
#pragma once

#include <string>

namespace chatterbox::testing {

enum class Call { kOpen, kRead, kWrite, kClose, kRename, kMap, kStat, kLock };
inline constexpr Call kCalls[] = {Call::kOpen,   Call::kRead, Call::kWrite, Call::kClose,
                                  Call::kRename, Call::kMap,  Call::kStat,  Call::kLock};

// From now on, the call of this kind after the next `n` fails with that error, and no other.
void fail_call(Call call, int n, int error);
void fail_no_call();
[[nodiscard]] bool call_has_failed();
// Writes take so many bytes at most, as a pipe may; 0: all.
void shorten_writes(size_t most);

}  // namespace chatterbox::testing
