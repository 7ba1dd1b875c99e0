#include "text/bpe_model.h"

#include <queue>
#include <tuple>

#include "support/utf8.h"

namespace chatterbox::text {
namespace {

constexpr size_t kNone = SIZE_MAX;

// A word as a linked list, so that merging is O(n log n) for words of any length.
struct Symbol {
  int64_t id = 0;
  size_t previous = kNone, next = kNone;
  bool merged = false;  // into its left neighbour
};

struct Candidate {
  uint32_t rank = 0;
  size_t left = 0;
  int64_t id = 0;
  // For a queue that gives the lowest rank first, then the leftmost.
  bool operator<(const Candidate& other) const {
    return std::tie(rank, left) > std::tie(other.rank, other.left);
  }
};

class Merger {
 public:
  Merger(const BpeModel& model, const std::vector<int64_t>& ids)
      : model_(model), symbols_(ids.size()) {
    for (size_t i = 0; i < ids.size(); ++i) {
      symbols_[i] = {ids[i], i == 0 ? kNone : i - 1, i + 1 == ids.size() ? kNone : i + 1, false};
    }
    for (size_t i = 0; i + 1 < ids.size(); ++i) add_candidate(i);
  }

  void run() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      const Symbol& left = symbols_[best.left];
      if (left.merged || left.next == kNone) continue;
      // Either half may have been merged with something else since.
      const BpeModel::Merge* merge = find_merge(best.left);
      if (merge != nullptr && merge->id == best.id) apply(best);
    }
  }

  void append_to(std::vector<int64_t>& ids) const {
    for (const Symbol& symbol : symbols_) {
      if (!symbol.merged) ids.push_back(symbol.id);
    }
  }

 private:
  [[nodiscard]] const BpeModel::Merge* find_merge(size_t left) const {
    const Symbol& symbol = symbols_[left];
    const auto found = model_.merges.find(BpeModel::pair_key(symbol.id, symbols_[symbol.next].id));
    return found == model_.merges.end() ? nullptr : &found->second;
  }

  void add_candidate(size_t left) {
    const BpeModel::Merge* merge = find_merge(left);
    if (merge != nullptr) candidates_.push({merge->rank, left, merge->id});
  }

  void apply(const Candidate& merge) {
    Symbol& left = symbols_[merge.left];
    Symbol& right = symbols_[left.next];
    left.id = merge.id;
    left.next = right.next;
    right.merged = true;
    if (left.next != kNone) symbols_[left.next].previous = merge.left;
    if (left.previous != kNone) add_candidate(left.previous);
    if (left.next != kNone) add_candidate(merge.left);
  }

  const BpeModel& model_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> candidates_;
};

}  // namespace

std::optional<int64_t> BpeModel::find(std::string_view token) const {
  const auto found = vocabulary.find(std::string(token));
  if (found == vocabulary.end()) return std::nullopt;
  return found->second;
}

void BpeModel::encode(std::string_view word, std::vector<int64_t>& ids) const {
  if (ignore_merges) {
    if (const auto id = find(word)) return ids.push_back(*id);
  }
  std::vector<int64_t> characters;
  bool after_unknown = false;
  for (size_t i = 0; i < word.size();) {
    const size_t size = decode_utf8(word, i).size;
    const auto id = find(word.substr(i, size));
    if (id) {
      characters.push_back(*id);
    } else if (unknown && !(fuse_unknown && after_unknown)) {
      characters.push_back(*unknown);
    }
    after_unknown = !id;
    i += size;
  }
  Merger merger(*this, characters);
  merger.run();
  merger.append_to(ids);
}

}  // namespace chatterbox::text
