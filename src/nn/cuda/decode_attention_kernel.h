// Split-K attention of a decode step (FlashDecoding): each chunk of a row's positions is attended
// to by a block of its own, and a second launch puts a row's chunks together.
#pragma once

#include <cmath>

#include "nn/cuda/decode_attention.h"
#include "nn/cuda/kernel.h"

namespace chatterbox::nn::cuda {

// Where the chunks of a step's workspace are.
struct Chunks {
  CHATTERBOX_DEVICE Chunks(const DecodeStep& step, int row, int head)
      : count((step.longest + kChunk - 1) / kChunk),
        first((int64_t{row} * step.heads + head) * count),
        values(step.workspace),
        scores(step.workspace + int64_t{step.rows} * step.heads * count * kHeadSize) {}

  CHATTERBOX_DEVICE float* sum(int64_t chunk) const { return values + (first + chunk) * kHeadSize; }
  // The largest score of a chunk, and the total of its shares.
  CHATTERBOX_DEVICE float* largest(int64_t chunk) const { return scores + (first + chunk) * 2; }
  CHATTERBOX_DEVICE float* total(int64_t chunk) const { return largest(chunk) + 1; }

  int64_t count, first;
  float* values;
  float* scores;
};

// Blocks: chunk, head, row. Eight threads read a position, eight of its numbers each: 16 positions
// at a time.
template <class T, class Cached>
struct AttendChunk {
  using Arguments = DecodeStep;
  static constexpr int kThreads = 128;
  static constexpr int kPhases = 6;
  static constexpr int kLanes = 8;
  static constexpr int kGroups = kThreads / kLanes;
  static constexpr int kRounds = kChunk / kGroups;
  static constexpr int kParts = 8;  // of the chunk, whose maxima and sums are made one by one
  static constexpr int kPart = kChunk / kParts;
  static_assert(kThreads == kChunk, "a thread has a score of its own");

  struct Shared {
    float products[kChunk][kLanes + 1];  // + 1: threads of a warp read other banks
    float shares[kChunk];
    float largest[kParts], totals[kParts];
    float sums[kGroups][kHeadSize];
  };
  // Read before they are needed: the memory is what takes long.
  struct Registers {
    Packed<Cached> values[kRounds];
    float score;
  };

  static Place grid(const Arguments& a) {
    return {static_cast<int>(chunks_of(a.longest)), a.heads, a.rows};
  }

  CHATTERBOX_DEVICE static void run(int phase, const Arguments& a, Place block, int thread,
                                    Shared& shared, Registers& registers) {
    const int64_t live = a.positions[block.z] + 1 - block.x * kChunk;
    if (live <= 0) return;
    const int count = static_cast<int>(live < kChunk ? live : kChunk);
    switch (phase) {
      case 0:
        return multiply(a, block, thread, count, shared, registers);
      case 1:
        return score(thread, count, shared, registers);
      case 2:
        return find_largest(thread, shared);
      case 3:
        return share(thread, shared, registers);
      case 4:
        return add_values(thread, shared, registers);
      default:
        return write(a, block, thread, shared);
    }
  }

 private:
  // Products of the query with the keys, each thread of its eight numbers.
  CHATTERBOX_DEVICE static void multiply(const Arguments& a, Place block, int thread, int count,
                                         Shared& shared, Registers& registers) {
    const int lane = thread % kLanes, group = thread / kLanes;
    const int64_t first = block.x * kChunk + group;
    const auto* keys =
        static_cast<const Cached*>(a.cache) +
        ((a.cache_rows[block.z] * 2 * a.heads + block.y) * a.capacity + first) * kHeadSize +
        lane * 8;
    const Cached* values = keys + int64_t{a.heads} * a.capacity * kHeadSize;
    const Eight query =
        widen(read_eight(static_cast<const T*>(a.qkv) +
                         (int64_t{3} * block.z * a.heads + block.y) * kHeadSize + lane * 8));
    CHATTERBOX_UNROLL
    for (int round = 0; round < kRounds; ++round) {
      const int position = round * kGroups + group;
      const bool seen = position < count;
      const int64_t offset = int64_t{round} * kGroups * kHeadSize;
      const Eight key = widen(seen ? read_eight(keys + offset) : Packed<Cached>{});
      registers.values[round] = seen ? read_eight(values + offset) : Packed<Cached>{};
      float product = 0;
      CHATTERBOX_UNROLL
      for (int i = 0; i < 8; ++i) product += query.values[i] * key.values[i];
      shared.products[position][lane] = product;
    }
  }

  CHATTERBOX_DEVICE static void score(int thread, int count, Shared& shared, Registers& registers) {
    constexpr float kScale = 0.125F;  // 1 / sqrt(64)
    float sum = 0;
    CHATTERBOX_UNROLL
    for (int lane = 0; lane < kLanes; ++lane) sum += shared.products[thread][lane];
    registers.score = thread < count ? sum * kScale : -INFINITY;
    shared.shares[thread] = registers.score;
  }

  CHATTERBOX_DEVICE static void find_largest(int thread, Shared& shared) {
    if (thread >= kParts) return;
    float largest = -INFINITY;
    CHATTERBOX_UNROLL
    for (int i = 0; i < kPart; ++i) largest = fmaxf(largest, shared.shares[thread * kPart + i]);
    shared.largest[thread] = largest;
  }

  CHATTERBOX_DEVICE static float largest_of(const Shared& shared) {
    float largest = -INFINITY;
    CHATTERBOX_UNROLL
    for (int i = 0; i < kParts; ++i) largest = fmaxf(largest, shared.largest[i]);
    return largest;
  }

  CHATTERBOX_DEVICE static void share(int thread, Shared& shared, const Registers& registers) {
    shared.shares[thread] = expf(registers.score - largest_of(shared));
  }

  CHATTERBOX_DEVICE static void add_values(int thread, Shared& shared, const Registers& registers) {
    const int lane = thread % kLanes, group = thread / kLanes;
    Eight sum{};
    CHATTERBOX_UNROLL
    for (int round = 0; round < kRounds; ++round) {
      const float share = shared.shares[round * kGroups + group];
      const Eight value = widen(registers.values[round]);
      CHATTERBOX_UNROLL
      for (int i = 0; i < 8; ++i) sum.values[i] += share * value.values[i];
    }
    CHATTERBOX_UNROLL
    for (int i = 0; i < 8; ++i) shared.sums[group][lane * 8 + i] = sum.values[i];
    if (thread >= kParts) return;
    float total = 0;
    CHATTERBOX_UNROLL
    for (int i = 0; i < kPart; ++i) total += shared.shares[thread * kPart + i];
    shared.totals[thread] = total;
  }

  CHATTERBOX_DEVICE static void write(const Arguments& a, Place block, int thread, Shared& shared) {
    const Chunks chunks(a, block.z, block.y);
    if (thread < kHeadSize) {
      float sum = 0;
      CHATTERBOX_UNROLL
      for (int group = 0; group < kGroups; ++group) sum += shared.sums[group][thread];
      chunks.sum(block.x)[thread] = sum;
    } else if (thread == kHeadSize) {
      float total = 0;
      CHATTERBOX_UNROLL
      for (int i = 0; i < kParts; ++i) total += shared.totals[i];
      *chunks.largest(block.x) = largest_of(shared);
      *chunks.total(block.x) = total;
    }
  }
};

// Blocks: row, head. A thread has one number of the head.
template <class T>
struct JoinChunks {
  using Arguments = DecodeStep;
  static constexpr int kThreads = kHeadSize;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Registers {};

  static Place grid(const Arguments& a) { return {a.rows, a.heads, 1}; }

  CHATTERBOX_DEVICE static void run(int /*phase*/, const Arguments& a, Place block, int thread,
                                    Shared& /*shared*/, Registers& /*registers*/) {
    const Chunks chunks(a, block.x, block.y);
    const int64_t live = a.positions[block.x] / kChunk + 1;
    float largest = -INFINITY;
    for (int64_t i = 0; i < live; ++i) largest = fmaxf(largest, *chunks.largest(i));
    float sum = 0, total = 0;
    for (int64_t i = 0; i < live; ++i) {
      const float weight = expf(*chunks.largest(i) - largest);
      sum += weight * chunks.sum(i)[thread];
      total += weight * *chunks.total(i);
    }
    static_cast<T*>(a.out)[(int64_t{block.x} * a.heads + block.y) * kHeadSize + thread] =
        narrow<T>(sum / total);
  }
};

}  // namespace chatterbox::nn::cuda
