#include "nn/cpu/transpose.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace chatterbox::nn::cpu {
namespace {

constexpr int64_t kBlock = 16;       // a cache line of fp32
constexpr int64_t kColumns = 64;     // of the matrix, that are read side by side
constexpr int64_t kGrain = 1 << 15;  // elements below which waking a thread does not pay

template <class From, class To>
struct Matrix {
  const From* from;  // [rows, columns]
  To* to;            // [columns, rows]
  int64_t rows, columns;
};

// Through a buffer: rows of a power of two of bytes share a cache's set, so that neither 16 of the
// source nor 16 of the destination stay in it.
template <class From, class To>
void whole_block(const Matrix<From, To>& m, int64_t row, int64_t column) {
  To block[kBlock][kBlock];
  for (int64_t i = 0; i < kBlock; ++i) {
    const From* from = m.from + (row + i) * m.columns + column;
    __builtin_prefetch(from + kBlock * m.columns);  // the next block below
    for (int64_t j = 0; j < kBlock; ++j) block[j][i] = static_cast<To>(static_cast<float>(from[j]));
  }
  for (int64_t j = 0; j < kBlock; ++j) {
    To* to = m.to + (column + j) * m.rows + row;
    __builtin_prefetch(to + kBlock, 1);
    std::copy_n(block[j], kBlock, to);
  }
}

template <class From, class To>
void edge(const Matrix<From, To>& m, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  for (int64_t j = column; j < column + columns; ++j) {
    for (int64_t i = row; i < row + rows; ++i) {
      m.to[j * m.rows + i] = static_cast<To>(static_cast<float>(m.from[i * m.columns + j]));
    }
  }
}

// Columns [begin, end) of the source, rows of the destination.
template <class From, class To>
void transpose_columns(const Matrix<From, To>& m, int64_t begin, int64_t end) {
  for (int64_t row = 0; row < m.rows; row += kBlock) {
    const int64_t rows = std::min(kBlock, m.rows - row);
    for (int64_t column = begin; column < end; column += kBlock) {
      const int64_t columns = std::min(kBlock, end - column);
      if (rows == kBlock && columns == kBlock) {
        whole_block(m, row, column);
      } else {
        edge(m, row, rows, column, columns);
      }
    }
  }
}

template <class From, class To>
void transpose_typed(const at::Tensor& matrix, const at::Tensor& transposed) {
  const Matrix<From, To> m{matrix.const_data_ptr<From>(), transposed.mutable_data_ptr<To>(),
                           matrix.size(0), matrix.size(1)};
  const int64_t tasks = (m.columns + kColumns - 1) / kColumns;
  const int64_t grain = kGrain / (std::max<int64_t>(m.rows, 1) * kColumns) + 1;
  at::parallel_for(0, tasks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      transpose_columns(m, task * kColumns, std::min((task + 1) * kColumns, m.columns));
    }
  });
}

template <class From>
void transpose_from(const at::Tensor& matrix, const at::Tensor& transposed) {
  if (transposed.scalar_type() == at::kFloat) {
    transpose_typed<From, float>(matrix, transposed);
  } else {
    transpose_typed<From, at::BFloat16>(matrix, transposed);
  }
}

}  // namespace

at::Tensor transpose(const at::Tensor& matrix, c10::ScalarType type) {
  at::Tensor transposed = at::empty({matrix.size(1), matrix.size(0)}, at::dtype(type));
  if (matrix.scalar_type() == at::kFloat) {
    transpose_from<float>(matrix, transposed);
  } else if (matrix.scalar_type() == at::kHalf) {
    transpose_from<at::Half>(matrix, transposed);
  } else {
    transpose_from<at::BFloat16>(matrix, transposed);
  }
  return transposed;
}

}  // namespace chatterbox::nn::cpu
