#include "t3/decode_plan.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "t3/embedder.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kLists = 4;  // tokens, places, rows, positions

int64_t bucket_of(int64_t rows) {
  int64_t bucket = 1;
  while (bucket < rows) bucket *= 2;
  return bucket;
}

}  // namespace

DecodePlan DecodePlanner::plan(const std::vector<int64_t>& rows, const std::vector<int64_t>& tokens,
                               const std::vector<int64_t>& indices, const BatchKVCache& cache) {
  DecodePlan plan;
  plan.rows = rows;
  for (const int64_t row : rows) plan.positions.push_back(cache.length(row));
  const std::vector<int64_t> places = speech_places(indices);
  const c10::Device device = cache.device();
  if (device.is_cpu()) {
    plan.tokens = at::tensor(tokens, at::kLong);
    plan.places = at::tensor(places, at::kLong);
    return plan;
  }
  const int64_t size = bucket_of(plan.size());
  std::vector<int64_t> lists;
  const auto add = [&](const std::vector<int64_t>& list) {
    lists.insert(lists.end(), list.begin(), list.end());
    lists.insert(lists.end(), static_cast<size_t>(size - plan.size()), list.front());
  };
  add(tokens);
  add(places);
  add(plan.rows);
  add(plan.positions);
  at::Tensor& buffer = buffers_[size];
  if (!buffer.defined()) buffer = at::empty({kLists, size}, at::device(device).dtype(at::kLong));
  // Does not wait: a copy from pageable memory has taken its bytes when it returns.
  buffer.copy_(at::from_blob(lists.data(), {kLists, size}, at::kLong), /*non_blocking=*/true);
  plan.tokens = buffer[0];
  plan.places = buffer[1];
  plan.cache_rows = buffer[2];
  plan.cache_positions = buffer[3];
  const int64_t longest = *std::max_element(plan.positions.begin(), plan.positions.end()) + 1;
  plan.longest = std::min((longest + kPositions - 1) / kPositions * kPositions, cache.positions());
  return plan;
}

}  // namespace chatterbox::t3
