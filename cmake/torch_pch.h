// The expensive part of every source that uses tensors.
#pragma once
#include <ATen/Functions.h>
#include <ATen/core/Tensor.h>

#include "support_pch.h"
