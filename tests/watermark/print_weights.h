// Prints where find_weights() sees the weights, with no model folder.
#pragma once

__attribute__((visibility("default"))) void print_weights();
