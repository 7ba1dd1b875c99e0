#include "nn/cpu/transpose.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/tensors.h"

namespace chatterbox::nn::cpu {
namespace {

using testing::noise;

// Whole blocks, none, and a rest on either side; the last is for several threads.
TEST(Transpose, EqualsTheTransposeOfAnySizeAndType) {
  const std::vector<std::vector<int64_t>> shapes = {{1, 1},   {0, 5},    {5, 0},      {16, 16},
                                                    {17, 33}, {48, 200}, {130, 1000}, {1030, 771}};
  for (const std::vector<int64_t>& shape : shapes) {
    const at::Tensor values = noise(shape, 1);
    for (const at::ScalarType from : {at::kFloat, at::kHalf, at::kBFloat16}) {
      for (const at::ScalarType to : {at::kFloat, at::kBFloat16}) {
        SCOPED_TRACE(std::to_string(shape[0]) + " x " + std::to_string(shape[1]) + ", " +
                     c10::toString(from) + " to " + c10::toString(to));
        const at::Tensor matrix = values.to(from);
        const at::Tensor result = transpose(matrix, to);
        EXPECT_TRUE(result.is_contiguous());
        EXPECT_EQ(result.scalar_type(), to);
        ASSERT_TRUE(at::equal(result, matrix.t().to(to)));
      }
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
