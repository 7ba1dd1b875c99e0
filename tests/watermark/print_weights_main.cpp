#include "print_weights.h"

int main() { print_weights(); }
