// The steps of the sampler without a sort: what top-k and top-p leave is what lies above a
// threshold, which is found bit by bit. Sums are made in one fixed order, or of integers.
#pragma once

#include <cmath>

#include "nn/cuda/sampler.h"

namespace chatterbox::nn::cuda {

// Of one sequence.
struct SamplerOptions {
  int64_t conditional, unconditional, top_k;
  bool suppressed, forced, greedy;
  float guidance, repetition_penalty, temperature, min_p, top_p;
};
CHATTERBOX_DEVICE SamplerOptions options_of(const Sampler& a, int index) {
  return {
      a.conditional[index], a.unconditional[index], a.top_k[index],    a.suppressed[index] != 0,
      a.forced[index] != 0, a.greedy[index] != 0,   a.guidance[index], a.repetition_penalty[index],
      a.temperature[index], a.min_p[index],         a.top_p[index]};
}

struct SamplerKernel {
  using Arguments = Sampler;
  static constexpr int kThreads = 1024;
  static constexpr int kPhases = 0;  // as many as a row's options ask for
  static constexpr int kPerThread = kMostIds / kThreads;
  static constexpr int kGroups = 32;
  static constexpr int kPerGroup = kThreads / kGroups;
  static constexpr int kBits = 32;

  // A reduction has two phases, of threads and of groups; what reads it joins the groups.
  struct Numbers {
    float values[kThreads];
    int32_t ids[kThreads];
  };
  struct Shared {
    float scores[kMostIds];
    union {
      Numbers numbers;
      uint64_t weights[kThreads];
    };
    float group_values[kGroups];
    int32_t group_ids[kGroups];
    uint64_t group_weights[kGroups];
  };
  struct Registers {
    SamplerOptions options;
    float largest, total;
    bool finite;
    uint64_t limit;      // of select()
    uint32_t threshold;  // what it has found so far
    uint32_t dropped;    // own ids, by their number
  };

  static Place grid(const Arguments& a) { return {a.count, 1, 1}; }

  // What a row asks for, and its phases.
  struct Plan {
    bool top_k, min_p, top_p, penalise_last;
  };
  static constexpr int kLoad = 3, kSelect = 2 * kBits, kTopK = kSelect + 1, kMinP = 3,
                       kTopP = 5 + kSelect + 4, kPenalise = 3, kDraw = 5;

  CHATTERBOX_DEVICE static Plan plan(const Arguments& a, const SamplerOptions& options) {
    const bool top_k = options.top_k > 0 && options.top_k < a.ids;
    return {top_k, options.min_p > 0, options.top_p < 1, a.penalise_last};
  }
  CHATTERBOX_DEVICE static int phases(const Arguments& a, Place block) {
    const Plan steps = plan(a, options_of(a, block.x));
    return kLoad + (steps.top_k ? kTopK : 0) + (steps.min_p ? kMinP : 0) +
           (steps.top_p ? kTopP : 0) + (steps.penalise_last ? kPenalise : 0) + kDraw;
  }

  CHATTERBOX_DEVICE static void run(int phase, const Arguments& a, Place block, int thread,
                                    Shared& shared, Registers& registers) {
    if (phase == 0) registers.options = options_of(a, block.x);
    const Row row{a, registers.options, block.x, thread, shared, registers};
    const Plan steps = plan(a, row.options);
    if (phase < kLoad) return load(phase, row);
    phase -= kLoad;
    if (steps.top_k) {
      if (phase < kTopK) return keep_top_k(phase, row);
      phase -= kTopK;
    }
    if (steps.min_p) {
      if (phase < kMinP) return keep_min_p(phase, row);
      phase -= kMinP;
    }
    if (steps.top_p) {
      if (phase < kTopP) return keep_top_p(phase, row);
      phase -= kTopP;
    }
    if (steps.penalise_last) {
      if (phase < kPenalise) return penalise(phase, row);
      phase -= kPenalise;
    }
    draw(phase, row);
  }

 private:
  // What a thread has of its row: the ids thread, thread + kThreads, ...
  struct Row {
    const Arguments& a;
    const SamplerOptions& options;
    int index, thread;
    Shared& shared;
    Registers& registers;
  };
  template <class Body>
  CHATTERBOX_DEVICE static void for_own(const Row& row, const Body& body) {
    for (int i = 0; i < kPerThread; ++i) {
      const int id = row.thread + i * kThreads;
      if (id < row.a.ids) body(id, i);
    }
  }

  // Numbers as large as the scores, in their order.
  CHATTERBOX_DEVICE static uint32_t key(float score) {
    const auto bits = same_bits<uint32_t>(score);
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  }
  CHATTERBOX_DEVICE static float likelihood(const Row& row, int id) {
    return expf(row.shared.scores[id] - row.registers.largest) / row.registers.total;
  }
  // Of a likelihood in units of 2^-40, whose sums are exact and so the same in any order. What is
  // no number has none.
  CHATTERBOX_DEVICE static uint64_t mass(float likelihood) {
    return likelihood > 0 ? static_cast<uint64_t>(likelihood * 0x1p40F) : 0;
  }

  // Reductions. The first phase leaves a thread's own in `numbers` or `weights`.
  CHATTERBOX_DEVICE static void group_largest(const Row& row) {
    if (row.thread >= kGroups) return;
    float largest = -INFINITY;
    int32_t finite = 1;
    for (int i = 0; i < kPerGroup; ++i) {
      largest = fmaxf(largest, row.shared.numbers.values[row.thread * kPerGroup + i]);
      finite &= row.shared.numbers.ids[row.thread * kPerGroup + i];
    }
    row.shared.group_values[row.thread] = largest;
    row.shared.group_ids[row.thread] = finite;
  }
  CHATTERBOX_DEVICE static void join_largest(const Row& row) {
    float largest = -INFINITY;
    for (const float value : row.shared.group_values) largest = fmaxf(largest, value);
    row.registers.largest = largest;
  }
  CHATTERBOX_DEVICE static void sum(int phase, const Row& row) {
    if (phase == 0) {
      float own = 0;
      for_own(row,
              [&](int id, int) { own += expf(row.shared.scores[id] - row.registers.largest); });
      row.shared.numbers.values[row.thread] = own;
    } else if (row.thread < kGroups) {
      float group = 0;
      for (int i = 0; i < kPerGroup; ++i) {
        group += row.shared.numbers.values[row.thread * kPerGroup + i];
      }
      row.shared.group_values[row.thread] = group;
    }
  }
  CHATTERBOX_DEVICE static void join_sum(const Row& row) {
    float total = 0;
    for (const float value : row.shared.group_values) total += value;
    row.registers.total = total;
  }
  CHATTERBOX_DEVICE static void group_weights(const Row& row) {
    if (row.thread >= kGroups) return;
    uint64_t group = 0;
    for (int i = 0; i < kPerGroup; ++i) group += row.shared.weights[row.thread * kPerGroup + i];
    row.shared.group_weights[row.thread] = group;
  }
  CHATTERBOX_DEVICE static uint64_t joined_weights(const Row& row) {
    uint64_t total = 0;
    for (const uint64_t value : row.shared.group_weights) total += value;
    return total;
  }
  // The weight of all whose key is at least `least`.
  template <class Weight>
  CHATTERBOX_DEVICE static void weigh(const Row& row, uint32_t least, const Weight& weight) {
    uint64_t own = 0;
    for_own(row, [&](int id, int) {
      if (key(row.shared.scores[id]) >= least) own += weight(id);
    });
    row.shared.weights[row.thread] = own;
  }

  // The largest threshold of which all keys that reach it have the weight `limit` at least: two
  // phases for each bit, from the highest. join_bit() after the last one.
  template <class Weight>
  CHATTERBOX_DEVICE static void select(int phase, const Row& row, const Weight& weight) {
    if (phase % 2 == 1) return group_weights(row);
    const int bit = phase / 2;
    if (bit == 0) {
      row.registers.threshold = 0;
    } else {
      join_bit(row, bit - 1);
    }
    weigh(row, row.registers.threshold | bit_of(bit), weight);
  }
  CHATTERBOX_DEVICE static uint32_t bit_of(int bit) { return 1U << (kBits - 1 - bit); }
  CHATTERBOX_DEVICE static void join_bit(const Row& row, int bit) {
    if (joined_weights(row) >= row.registers.limit) row.registers.threshold |= bit_of(bit);
  }

  CHATTERBOX_DEVICE static float penalised(const Row& row, int id, float score) {
    const bool seen = row.a.seen[row.options.conditional * row.a.ids + id] != 0;
    if (!seen) return score;
    const float penalty = row.options.repetition_penalty;
    return score < 0 ? score * penalty : score / penalty;
  }

  // Guidance, the end of speech, and what comes before the filters.
  CHATTERBOX_DEVICE static void load(int phase, const Row& row) {
    if (phase == 1) return group_largest(row);
    if (phase == 2) {
      join_largest(row);
      row.registers.finite = true;
      for (const int32_t finite : row.shared.group_ids) row.registers.finite &= finite != 0;
      return;
    }
    const float* with = row.a.logits + row.options.conditional * row.a.ids;
    const float* without = row.a.logits + row.options.unconditional * row.a.ids;
    float largest = -INFINITY;
    int32_t finite = 1;
    for_own(row, [&](int id, int) {
      float score = with[id] + row.options.guidance * (with[id] - without[id]);
      if (!(fabsf(score) < INFINITY)) finite = 0;
      score = with_end(row, id, score);
      if (!row.a.penalise_last) score = penalised(row, id, score);
      score /= row.options.temperature;
      row.shared.scores[id] = score;
      largest = fmaxf(largest, score);
    });
    row.shared.numbers.values[row.thread] = largest;
    row.shared.numbers.ids[row.thread] = finite;
  }
  CHATTERBOX_DEVICE static float with_end(const Row& row, int id, float score) {
    constexpr float kCertain = 32768;  // the reference's logit, and its negative
    const bool is_end = id == row.a.end_of_speech;
    if (row.options.forced) return is_end ? kCertain : -kCertain;
    return row.options.suppressed && is_end ? -kCertain : score;
  }

  CHATTERBOX_DEVICE static void keep_top_k(int phase, const Row& row) {
    if (phase < kSelect) {
      row.registers.limit = static_cast<uint64_t>(row.options.top_k);
      return select(phase, row, [](int) { return uint64_t{1}; });
    }
    join_bit(row, kBits - 1);
    for_own(row, [&](int id, int) {
      if (key(row.shared.scores[id]) < row.registers.threshold) row.shared.scores[id] = -INFINITY;
    });
  }

  CHATTERBOX_DEVICE static void keep_min_p(int phase, const Row& row) {
    if (phase < 2) return sum(phase, row);
    join_sum(row);
    const float threshold = row.options.min_p * (1.0F / row.registers.total);
    for_own(row, [&](int id, int) {
      if (likelihood(row, id) < threshold) row.shared.scores[id] = -INFINITY;
    });
  }

  // An id goes where it and all that are less likely have 1 - top_p together at most; of equally
  // likely ones the first go first.
  CHATTERBOX_DEVICE static void keep_top_p(int phase, const Row& row) {
    const auto weight = [&](int id) { return mass(likelihood(row, id)); };
    if (phase < 2) return sum(phase, row);
    if (phase == 2) {
      join_sum(row);
      return weigh(row, 0, weight);
    }
    if (phase == 3) return group_weights(row);
    if (phase == 4) {
      const uint64_t all = joined_weights(row), goes = mass(1.0F - row.options.top_p);
      row.registers.limit = all > goes ? all - goes : 1;  // the likeliest stays
      return;
    }
    phase -= 5;
    if (phase < kSelect) return select(phase, row, weight);
    phase -= kSelect;
    if (phase == 0) {
      join_bit(row, kBits - 1);
      return weigh(row, row.registers.threshold + 1, weight);
    }
    if (phase == 1) return group_weights(row);
    if (phase == 2) return mark_below(row, joined_weights(row));
    for_own(row, [&](int id, int i) {
      if ((row.registers.dropped >> i & 1U) != 0) row.shared.scores[id] = -INFINITY;
    });
  }
  // `above`: the weight of all that are likelier than the threshold. Of those at it, what stands
  // behind an id counts as likelier.
  CHATTERBOX_DEVICE static void mark_below(const Row& row, uint64_t above) {
    row.registers.dropped = 0;
    for_own(row, [&](int id, int i) {
      const uint32_t own = key(row.shared.scores[id]);
      if (own > row.registers.threshold) return;
      uint64_t likelier = above;
      if (own == row.registers.threshold) {
        const uint64_t each = mass(likelihood(row, id));
        for (int other = id + 1; other < row.a.ids; ++other) {
          if (key(row.shared.scores[other]) == own) likelier += each;
        }
        if (likelier < row.registers.limit) return;
      }
      row.registers.dropped |= 1U << i;
    });
  }

  CHATTERBOX_DEVICE static void penalise(int phase, const Row& row) {
    if (phase == 1) return group_largest(row);
    if (phase == 2) return join_largest(row);
    float largest = -INFINITY;
    for_own(row, [&](int id, int) {
      float& score = row.shared.scores[id];
      score = penalised(row, id, score);
      largest = fmaxf(largest, score);
    });
    row.shared.numbers.values[row.thread] = largest;
    row.shared.numbers.ids[row.thread] = 1;
  }

  // The first of the largest.
  struct Best {
    float value = -INFINITY;
    int32_t id = kMostIds;
    CHATTERBOX_DEVICE void offer(float other, int32_t other_id) {
      if (!(other > value || (other == value && other_id < id))) return;
      value = other;
      id = other_id;
    }
  };
  CHATTERBOX_DEVICE static void draw(int phase, const Row& row) {
    if (phase < 2) return sum(phase, row);
    Best best;
    if (phase == 2) {
      join_sum(row);
      const float* divisors = row.a.exponentials + int64_t{row.index} * row.a.ids;
      for_own(row, [&](int id, int) {
        best.offer(row.options.greedy ? row.shared.scores[id] : likelihood(row, id) / divisors[id],
                   id);
      });
      row.shared.numbers.values[row.thread] = best.value;
      row.shared.numbers.ids[row.thread] = best.id;
    } else if (phase == 3) {
      if (row.thread >= kGroups) return;
      for (int i = row.thread * kPerGroup; i < (row.thread + 1) * kPerGroup; ++i) {
        best.offer(row.shared.numbers.values[i], row.shared.numbers.ids[i]);
      }
      row.shared.group_values[row.thread] = best.value;
      row.shared.group_ids[row.thread] = best.id;
    } else if (row.thread == 0) {
      for (int i = 0; i < kGroups; ++i) {
        best.offer(row.shared.group_values[i], row.shared.group_ids[i]);
      }
      finish(row, best.id);
    }
  }
  CHATTERBOX_DEVICE static void finish(const Row& row, int32_t token) {
    const bool finite = row.registers.finite;
    row.a.finite[row.index] = finite ? 1.0F : NAN;
    row.a.tokens[row.index] = finite ? token : 0;
  }
};

// A thread has one sequence.
struct MarkDrawnKernel {
  using Arguments = Sampler;
  static constexpr int kThreads = 128;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Registers {};

  static Place grid(const Arguments& a) { return {(a.count + kThreads - 1) / kThreads, 1, 1}; }

  CHATTERBOX_DEVICE static void run(int /*phase*/, const Arguments& a, Place block, int thread,
                                    Shared& /*shared*/, Registers& /*registers*/) {
    const int i = block.x * kThreads + thread;
    if (i >= a.count || a.finite[i] != a.finite[i]) return;
    uint8_t* seen = a.seen + a.conditional[i] * a.ids;
    if (a.penalise_last && a.first_draw[i] != 0) seen[a.start_of_speech] = 0;
    seen[a.tokens[i]] = 1;
  }
};

}  // namespace chatterbox::nn::cuda
