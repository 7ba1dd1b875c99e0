// The expensive part of the program, its server and the benchmark.
#pragma once
#include <chatterbox/chatterbox.hpp>
#include <nlohmann/json.hpp>
