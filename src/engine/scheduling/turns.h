// The order in which things are served: the highest priority first, then clients in turn, then
// first come, first served.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include "engine/scheduling/admission.h"
#include "engine/standing.h"

namespace chatterbox::engine {

template <class Item>
class Turns {
 public:
  void push(int32_t priority, ClientId client, Item item) {
    Level& level = levels_[priority];
    Line* line = find(level, client);
    if (line == nullptr) line = &level.emplace_back(Line{client, {}});
    line->items.push_back(std::move(item));
    ++size_;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }

  // Takes the first of the clients' next ones that `admission` gives kNow for, where it gives
  // kOthersFirst for all before it. Its client's turn comes again when the others of its priority
  // have had theirs.
  template <class Look>
  std::optional<Item> pop_if(const Look& admission) {
    for (auto level = levels_.begin(); level != levels_.end(); ++level) {
      for (auto line = level->second.begin(); line != level->second.end(); ++line) {
        const Admission answer = admission(line->items.front());
        if (answer == Admission::kNow) return pop(level, line);
        if (answer == Admission::kNotYet) return std::nullopt;
      }
    }
    return std::nullopt;
  }

  // Takes the next one; there must be one.
  Item pop() {
    return *pop_if([](const Item&) { return Admission::kNow; });
  }

  // Takes the first of a client's that `wanted` is true for.
  template <class Wanted>
  std::optional<Item> take(int32_t priority, ClientId client, const Wanted& wanted) {
    const auto level = levels_.find(priority);
    if (level == levels_.end()) return std::nullopt;
    const auto line = std::find_if(level->second.begin(), level->second.end(),
                                   [&](const Line& other) { return other.client == client; });
    if (line == level->second.end()) return std::nullopt;
    const auto found = std::find_if(line->items.begin(), line->items.end(), wanted);
    if (found == line->items.end()) return std::nullopt;
    std::optional<Item> item(std::move(*found));
    line->items.erase(found);
    forget_if_empty(level, line);
    --size_;
    return item;
  }

  template <class Look>
  void for_each(const Look& look) const {
    for (const auto& [priority, level] : levels_) {
      for (const Line& line : level) std::for_each(line.items.begin(), line.items.end(), look);
    }
  }

 private:
  struct Line {
    ClientId client;
    std::deque<Item> items;  // never empty between two calls
  };
  using Level = std::list<Line>;  // the client whose turn it is comes first
  using Levels = std::map<int32_t, Level, std::greater<>>;

  Item pop(typename Levels::iterator level, typename Level::iterator line) {
    Item item = std::move(line->items.front());
    line->items.pop_front();
    level->second.splice(level->second.end(), level->second, line);
    forget_if_empty(level, line);
    --size_;
    return item;
  }

  static Line* find(Level& level, ClientId client) {
    const auto found = std::find_if(level.begin(), level.end(),
                                    [&](const Line& line) { return line.client == client; });
    return found == level.end() ? nullptr : &*found;
  }

  void forget_if_empty(typename Levels::iterator level, typename Level::iterator line) {
    if (line->items.empty()) level->second.erase(line);
    if (level->second.empty()) levels_.erase(level);
  }

  Levels levels_;
  size_t size_ = 0;
};

}  // namespace chatterbox::engine
