// The layout of every released struct, frozen in layout_*.cpp: a member that moves breaks programs
// that are built already.
#pragma once

#include <chatterbox/chatterbox.h>

#include <cstddef>

// Where pointers have 8 bytes; elsewhere the order of the members says the same.
#define CHATTERBOX_AT(type, member, offset) \
  static_assert(sizeof(void*) != 8 || offsetof(type, member) == (offset))
#define CHATTERBOX_SIZE(type, size) static_assert(sizeof(void*) != 8 || sizeof(type) == (size))
