// Lists that the library keeps. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_LIST_HPP
#define CHATTERBOX_CPP_LIST_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace chatterbox {
inline namespace abi1 {

// A list that belongs to another object, its owner, and is valid as long as that: it keeps no item,
// but asks the owner for each that is looked at. Copies are cheap. Items are returned by value.
template <class Item>
class List {
 public:
  class Iterator;
  using value_type = Item;
  using size_type = size_t;
  using iterator = Iterator;
  using const_iterator = Iterator;

  List() = default;  // empty
  // The `size` items that a function returns for an owner and an index: List<Piece>::of<get>(...).
  template <auto get, class Owner>
  [[nodiscard]] static List of(const Owner* owner, uint64_t size) noexcept {
    List list;
    list.owner_ = owner;
    list.size_ = static_cast<size_t>(size);
    list.get_ = [](const void* from, size_t index) -> Item {
      return get(static_cast<const Owner*>(from), index);
    };
    return list;
  }

  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] Item operator[](size_t index) const { return get_(owner_, index); }  // < size()
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(*this, 0); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(*this, size_); }

  // Needs the owner, but not the list that it is from.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Item;

    Iterator() = default;
    Iterator(const List& list, size_t index) noexcept : list_(list), index_(index) {}
    [[nodiscard]] Item operator*() const { return list_[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++index_;
      return before;
    }
    // Of the same list.
    [[nodiscard]] bool operator==(const Iterator& other) const noexcept {
      return index_ == other.index_;
    }
    [[nodiscard]] bool operator!=(const Iterator& other) const noexcept {
      return index_ != other.index_;
    }

   private:
    List list_;
    size_t index_ = 0;
  };

 private:
  const void* owner_ = nullptr;
  size_t size_ = 0;
  Item (*get_)(const void* owner, size_t index) = nullptr;
};

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_LIST_HPP
