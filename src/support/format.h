// {fmt}, as spdlog brings it (its own copy or the system's).
#pragma once

// libtorch's include folder holds another version of {fmt} than the one that is linked, and comes
// first where libtorch is used: compiled from its header, either works.
#ifndef FMT_HEADER_ONLY
#define FMT_HEADER_ONLY
#endif
#include <spdlog/fmt/fmt.h>
