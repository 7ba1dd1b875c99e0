// What every test of tensors includes.
#pragma once
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support_pch.h"
