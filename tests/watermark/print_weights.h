// Prints where find_weights() sees the weights.
#pragma once

__attribute__((visibility("default"))) void print_weights();
