#include "t3/step_plan.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace chatterbox::t3 {
namespace {

constexpr int64_t kHeads = std::tuple_size_v<AlignmentHeads>;
// Numbers of a row, and of a sequence by their types.
constexpr int64_t kRowLists = 4;
constexpr int64_t kSequenceLists = 4 + 3 * kHeads;
constexpr int64_t kFlags = 4;
constexpr int64_t kOptions = 5;

int64_t bucket_of(int64_t count) {
  int64_t bucket = 1;
  while (bucket < count) bucket *= 2;
  return bucket;
}

int64_t filled_positions(int64_t longest) {
  const int64_t parts = (longest + StepKind::kPositions - 1) / StepKind::kPositions;
  const int64_t bucket = bucket_of(parts), between = bucket / 4 * 3;
  return (parts <= between ? between : bucket) * StepKind::kPositions;
}

// Writes lists one after another, each filled up with its first number.
class Packer {
 public:
  explicit Packer(double* to) : to_(to) {}

  template <class Items, class Number>
  void add(const Items& items, int64_t size, Number number) {
    const double* first = to_;
    for (const auto& item : items) *to_++ = static_cast<double>(number(item));
    to_ = std::fill_n(to_, size - static_cast<int64_t>(items.size()), *first);
  }
  void add_rows(const StepPlan& plan, const StepKind& kind, int64_t vocabulary) {
    for (int64_t i = 0; i < kind.sequences; ++i) {
      const auto index = i < static_cast<int64_t>(plan.sequences.size()) ? i : 0;
      const double* row = plan.sequences[static_cast<size_t>(index)].uniform;
      to_ = row == nullptr ? std::fill_n(to_, vocabulary, 0.0) : std::copy_n(row, vocabulary, to_);
    }
  }

 private:
  double* to_;
};

// Takes off what Packer has written.
class Unpacker {
 public:
  explicit Unpacker(at::Tensor from) : from_(std::move(from)) {}
  [[nodiscard]] at::Tensor take(int64_t count) {
    first_ += count;
    return from_.narrow(0, first_ - count, count);
  }

 private:
  at::Tensor from_;
  int64_t first_ = 0;
};

void add_watched(Packer& packer, const StepPlan& plan, const StepKind& kind, int64_t head) {
  const auto of = [&](auto number) {
    packer.add(plan.sequences, kind.sequences, [&](const StepSequence& sequence) {
      return sequence.watched == nullptr ? 0
                                         : number((*sequence.watched)[static_cast<size_t>(head)]);
    });
  };
  of([&](const AlignmentHead& one) {
    const auto found = std::find(kind.watched.begin(), kind.watched.end(), one.layer);
    return static_cast<int64_t>(found - kind.watched.begin());
  });
  of([](const AlignmentHead& one) { return one.layer; });
  of([](const AlignmentHead& one) { return one.head; });
}

void add_flags(Packer& packer, const StepPlan& plan, const StepKind& kind) {
  const auto flag = [&](auto is) {
    packer.add(plan.sequences, kind.sequences,
               [=](const StepSequence& s) { return is(s) ? 1 : 0; });
  };
  flag([](const StepSequence& s) { return s.first_draw; });
  flag([](const StepSequence& s) { return s.end == EndOfSpeech::kSuppressed; });
  flag([](const StepSequence& s) { return s.end == EndOfSpeech::kForced; });
  flag([](const StepSequence& s) { return s.sampling.temperature <= 0; });
}

void add_options(Packer& packer, const StepPlan& plan, const StepKind& kind) {
  const auto option = [&](auto of) {
    packer.add(plan.sequences, kind.sequences,
               [=](const StepSequence& s) { return of(s.sampling); });
  };
  option([](const SamplingOptions& o) { return o.cfg_weight; });
  option([](const SamplingOptions& o) { return o.repetition_penalty; });
  option([](const SamplingOptions& o) { return o.temperature > 0 ? o.temperature : 1.0F; });
  option([](const SamplingOptions& o) { return o.min_p; });
  option([](const SamplingOptions& o) { return o.top_p; });
}

int64_t whole_numbers(const StepKind& kind) {
  return kRowLists * kind.rows + kSequenceLists * kind.sequences;
}

}  // namespace

std::vector<int64_t> StepKind::key() const {
  std::vector<int64_t> key = {rows,
                              sequences,
                              positions,
                              filters.most_top_k,
                              filters.min_p ? 1 : 0,
                              filters.top_p ? 1 : 0,
                              analysed ? 1 : 0};
  key.insert(key.end(), watched.begin(), watched.end());
  return key;
}

StepKind kind_of(const StepPlan& plan, int64_t cache_rows, int64_t cache_positions) {
  StepKind kind;
  kind.rows = std::min(bucket_of(static_cast<int64_t>(plan.rows.size())), cache_rows);
  kind.sequences = std::min(bucket_of(static_cast<int64_t>(plan.sequences.size())), cache_rows);
  int64_t longest = 0;
  for (const StepRow& row : plan.rows) longest = std::max(longest, row.position + 1);
  kind.positions = std::min(filled_positions(longest), cache_positions);
  for (const StepSequence& sequence : plan.sequences) {
    kind.filters.add(sequence.sampling);
    kind.analysed = kind.analysed || sequence.analysed;
    if (sequence.watched == nullptr) continue;
    for (const AlignmentHead& head : *sequence.watched) kind.watched.push_back(head.layer);
  }
  if (kind.filters.most_top_k > 0) kind.filters.most_top_k = bucket_of(kind.filters.most_top_k);
  std::sort(kind.watched.begin(), kind.watched.end());
  kind.watched.erase(std::unique(kind.watched.begin(), kind.watched.end()), kind.watched.end());
  return kind;
}

int64_t packed_size(const StepKind& kind, int64_t vocabulary) {
  return whole_numbers(kind) + (kFlags + kOptions + vocabulary) * kind.sequences;
}

at::Tensor pack(const StepPlan& plan, const StepKind& kind, int64_t vocabulary) {
  const auto options = at::TensorOptions(at::kDouble).pinned_memory(true);
  at::Tensor packed = at::empty({packed_size(kind, vocabulary)}, options);
  Packer packer(packed.mutable_data_ptr<double>());
  const auto row = [&](auto number) { packer.add(plan.rows, kind.rows, number); };
  const auto sequence = [&](auto number) { packer.add(plan.sequences, kind.sequences, number); };
  row([](const StepRow& r) { return r.row; });
  row([](const StepRow& r) { return r.position; });
  row([](const StepRow& r) { return r.place; });
  row([](const StepRow& r) { return r.sequence; });
  sequence([](const StepSequence& s) { return s.conditional; });
  sequence([](const StepSequence& s) { return s.unconditional; });
  sequence([](const StepSequence& s) { return s.first_row; });
  sequence([](const StepSequence& s) { return s.sampling.top_k; });
  for (int64_t head = 0; head < kHeads; ++head) add_watched(packer, plan, kind, head);
  add_flags(packer, plan, kind);
  add_options(packer, plan, kind);
  packer.add_rows(plan, kind, vocabulary);
  return packed;
}

StepInput unpack(const at::Tensor& packed, const StepKind& kind, int64_t vocabulary) {
  const int64_t batch = kind.sequences;
  Unpacker all(packed);
  Unpacker whole(all.take(whole_numbers(kind)).to(at::kLong));
  Unpacker flags(all.take(kFlags * batch).to(at::kBool));
  const auto flag = [&] { return flags.take(batch).unsqueeze(1); };
  Unpacker options(all.take(kOptions * batch).to(at::kFloat));
  const auto option = [&] { return options.take(batch).unsqueeze(1); };
  StepInput in;
  for (at::Tensor* list : {&in.rows, &in.positions, &in.places, &in.sequences}) {
    *list = whole.take(kind.rows);
  }
  in.conditional = whole.take(batch);
  in.unconditional = whole.take(batch);
  in.first_row = whole.take(batch);
  in.warping.top_k = whole.take(batch).unsqueeze(1);
  const at::Tensor heads = whole.take(3 * kHeads * batch).view({kHeads, 3, batch});
  for (int64_t i = 0; i < 3; ++i) in.watched[static_cast<size_t>(i)] = heads.select(1, i).t();
  in.first_draw = flag();
  in.suppressed = flag();
  in.forced = flag();
  in.greedy = flag();
  in.guidance = option();
  in.warping.repetition_penalty = option();
  in.warping.temperature = option();
  in.warping.min_p = option();
  in.warping.top_p = option();
  in.uniform = all.take(vocabulary * batch).view({batch, vocabulary});
  return in;
}

}  // namespace chatterbox::t3
