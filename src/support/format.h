// {fmt}, as spdlog brings it: its own copy, or the system's (cmake/targets.cmake sees to that one).
#pragma once

#include <spdlog/fmt/fmt.h>
