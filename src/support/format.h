// {fmt}, as spdlog brings it (its own copy or the system's).
#pragma once

#include <spdlog/fmt/fmt.h>
