// {fmt}, the system's: libtorch brings headers of another version (cmake/targets.cmake).
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
