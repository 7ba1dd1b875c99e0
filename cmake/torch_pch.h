// The expensive part of every source that uses tensors (about 3.5 s each without this).
#pragma once
#include <ATen/Functions.h>
#include <ATen/core/Tensor.h>
