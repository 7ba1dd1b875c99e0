// The opcodes: CPython's Lib/pickletools.py.
#include "checkpoint/pickle.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "support/error.h"

namespace chatterbox::checkpoint {
namespace {

constexpr size_t kMaxBytes = 16U << 20U;
constexpr size_t kMaxValues =
    200'000;  // of the tree, its containers' items, the stack and the memo, each
constexpr size_t kMaxKeyBytes = 256;
constexpr const char* kOrderedDict = "collections.OrderedDict";

bool is_control(unsigned char c) { return c < ' ' || c == 0x7f; }

class PickleMachine {
 public:
  PickleMachine(const unsigned char* data, size_t size, const std::string& name,
                const std::function<bool(std::string_view)>& is_allowed)
      : data_(data), size_(size), name_(name), is_allowed_(is_allowed) {}

  [[nodiscard]] std::unique_ptr<const PickleTree> run();

 private:
  using Pointer = PickleValue*;

  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Status::kBadModelFile, "{}: pickle, offset {}: {}", name_, position_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  bool step(unsigned char opcode);  // false: not one of these
  bool step_number(unsigned char opcode);
  bool step_container(unsigned char opcode);
  bool step_memo(unsigned char opcode);

  [[nodiscard]] const unsigned char* take(size_t count);
  [[nodiscard]] uint64_t take_number(size_t count);  // little-endian
  [[nodiscard]] std::string take_line();
  void push(Pointer value);
  template <class T>
  void push_new(T value);
  [[nodiscard]] Pointer pop();
  [[nodiscard]] std::vector<PickleValue::Pointer> pop_to_mark();
  void push_tuple(size_t count);
  void count_items(size_t count);
  void append(const std::vector<PickleValue::Pointer>& items);
  void set_items(const std::vector<PickleValue::Pointer>& items);
  void remember(uint64_t index);
  void recall(uint64_t index);
  void push_global();
  void push_long();
  void push_float();
  void reduce();
  void build();

  const unsigned char* data_;
  size_t size_;
  const std::string& name_;
  const std::function<bool(std::string_view)>& is_allowed_;
  size_t position_ = 0;
  size_t items_ = 0;
  std::unique_ptr<PickleTree> tree_ = std::make_unique<PickleTree>();
  std::vector<Pointer> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::unordered_map<uint64_t, Pointer> memo_;
};

const unsigned char* PickleMachine::take(size_t count) {
  if (count > size_ - position_) bad("truncated");
  const unsigned char* bytes = data_ + position_;
  position_ += count;
  return bytes;
}

uint64_t PickleMachine::take_number(size_t count) {
  const unsigned char* bytes = take(count);
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

std::string PickleMachine::take_line() {
  constexpr size_t kMaxLine = 256;
  const unsigned char* begin = data_ + position_;
  const unsigned char* end = begin + std::min(size_ - position_, kMaxLine);
  const unsigned char* newline = std::find(begin, end, '\n');
  if (newline == end) bad("a name without an end");
  if (std::any_of(begin, newline, [](unsigned char c) { return c <= ' ' || c > '~'; })) {
    bad("a name with a character that is not printable ASCII");
  }
  position_ += static_cast<size_t>(newline - begin) + 1;
  return {begin, newline};
}

void PickleMachine::push(Pointer value) {
  if (stack_.size() >= kMaxValues) bad("more than {} values", kMaxValues);
  stack_.push_back(value);
}

template <class T>
void PickleMachine::push_new(T value) {
  if (tree_->values.size() >= kMaxValues) bad("more than {} values", kMaxValues);
  tree_->values.push_back(PickleValue{std::move(value)});
  push(&tree_->values.back());
}

PickleMachine::Pointer PickleMachine::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) bad("a value is missing");
  const Pointer value = stack_.back();
  stack_.pop_back();
  return value;
}

std::vector<PickleValue::Pointer> PickleMachine::pop_to_mark() {
  if (marks_.empty()) bad("a mark is missing");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue::Pointer> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::push_tuple(size_t count) {
  PickleValue::Sequence tuple{std::vector<PickleValue::Pointer>(count), true};
  while (count-- > 0) tuple.items[count] = pop();
  push_new(std::move(tuple));
}

// A value of two bytes, recalled from the memo, may be the item of many containers.
void PickleMachine::count_items(size_t count) {
  items_ += count;
  if (items_ > kMaxValues) bad("more than {} values", kMaxValues);
}

void PickleMachine::append(const std::vector<PickleValue::Pointer>& items) {
  const Pointer target = pop();
  auto* list = std::get_if<PickleValue::Sequence>(&target->value);
  if (list == nullptr || list->is_tuple) bad("items for something that is not a list");
  count_items(items.size());
  list->items.insert(list->items.end(), items.begin(), items.end());
  push(target);
}

void PickleMachine::set_items(const std::vector<PickleValue::Pointer>& items) {
  const Pointer target = pop();
  auto* dict = std::get_if<PickleValue::Dict>(&target->value);
  if (dict == nullptr || items.size() % 2 != 0) bad("items for something that is not a dict");
  count_items(items.size());
  for (size_t i = 0; i < items.size(); i += 2) {
    const auto* key = items[i]->as<std::string>();
    if (key == nullptr) bad("a dict's key that is not a string");
    if (key->size() > kMaxKeyBytes || std::any_of(key->begin(), key->end(), is_control)) {
      bad("a dict's key that is longer than {} bytes or has a control character", kMaxKeyBytes);
    }
    if (!dict->emplace(*key, items[i + 1]).second) bad("the key {} twice", *key);
  }
  push(target);
}

void PickleMachine::remember(uint64_t index) {
  const Pointer value = pop();
  push(value);
  if (memo_.size() >= kMaxValues) bad("more than {} values", kMaxValues);
  memo_[index] = value;
}

void PickleMachine::recall(uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) bad("memo {} is empty", index);
  push(found->second);
}

void PickleMachine::push_global() {
  const std::string module = take_line();
  const std::string full = module + "." + take_line();
  if (full != kOrderedDict && !is_allowed_(full)) bad("the global {} is not allowed", full);
  push_new(PickleValue::Global{full});
}

void PickleMachine::push_long() {
  const auto count = static_cast<size_t>(take_number(1));
  if (count > 8) bad("an integer of {} bytes, the limit is 8", count);
  uint64_t value = take_number(count);
  const bool negative = count > 0 && (value >> (8 * count - 1) & 1) != 0;
  if (negative && count < 8) value |= ~uint64_t{0} << (8 * count);
  push_new(static_cast<int64_t>(value));
}

void PickleMachine::push_float() {
  const unsigned char* bytes = take(8);
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i)
    bits = bits << 8 | bytes[i];  // the one big-endian number of the format
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  push_new(value);
}

void PickleMachine::reduce() {
  const Pointer arguments = pop();
  const Pointer function = pop();
  const auto* global = function->as<PickleValue::Global>();
  const auto* tuple = arguments->as<PickleValue::Sequence>();
  if (global == nullptr || tuple == nullptr || !tuple->is_tuple) bad("a call of no function");
  if (global->name != kOrderedDict) {
    push_new(PickleValue::Call{global->name, arguments});
  } else {
    if (!tuple->items.empty()) bad("an OrderedDict made from arguments");
    push_new(PickleValue::Dict{});
  }
}

// torch.nn's state_dict() sets an attribute `_metadata` (module versions) on its OrderedDict.
void PickleMachine::build() {
  const Pointer state = pop();
  const Pointer target = pop();
  if (target->as<PickleValue::Dict>() == nullptr || state->as<PickleValue::Dict>() == nullptr) {
    bad("attributes for something that is not an OrderedDict");
  }
  push(target);
}

bool PickleMachine::step_number(unsigned char opcode) {
  switch (opcode) {
    case 'N':
      push_new(std::monostate{});
      return true;
    case 0x88:
      push_new(true);
      return true;
    case 0x89:
      push_new(false);
      return true;
    case 'J':
      push_new(int64_t{static_cast<int32_t>(take_number(4))});
      return true;
    case 'K':
      push_new(static_cast<int64_t>(take_number(1)));
      return true;
    case 'M':
      push_new(static_cast<int64_t>(take_number(2)));
      return true;
    case 0x8a:
      push_long();
      return true;
    case 'G':
      push_float();
      return true;
    default:
      return false;
  }
}

bool PickleMachine::step_container(unsigned char opcode) {
  switch (opcode) {
    case ')':
      push_tuple(0);
      return true;
    case 0x85:
      push_tuple(1);
      return true;
    case 0x86:
      push_tuple(2);
      return true;
    case 0x87:
      push_tuple(3);
      return true;
    case 't':
      push_new(PickleValue::Sequence{pop_to_mark(), true});
      return true;
    case ']':
      push_new(PickleValue::Sequence{});
      return true;
    case '}':
      push_new(PickleValue::Dict{});
      return true;
    case 'a':
      append({pop()});
      return true;
    case 'e':
      append(pop_to_mark());
      return true;
    case 's': {
      const Pointer value = pop();
      const Pointer key = pop();
      set_items({key, value});
      return true;
    }
    case 'u':
      set_items(pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool PickleMachine::step_memo(unsigned char opcode) {
  switch (opcode) {
    case 'q':
      remember(take_number(1));
      return true;
    case 'r':
      remember(take_number(4));
      return true;
    case 'h':
      recall(take_number(1));
      return true;
    case 'j':
      recall(take_number(4));
      return true;
    default:
      return false;
  }
}

bool PickleMachine::step(unsigned char opcode) {
  switch (opcode) {
    case '(':
      if (marks_.size() >= kMaxValues) bad("more than {} marks", kMaxValues);
      marks_.push_back(stack_.size());
      return true;
    case 'X': {
      const auto count = static_cast<size_t>(take_number(4));
      const unsigned char* text = take(count);
      push_new(std::string(text, text + count));
      return true;
    }
    case 'c':
      push_global();
      return true;
    case 'Q': {
      const Pointer id = pop();
      push_new(PickleValue::Persistent{id});
      return true;
    }
    case 'R':
      reduce();
      return true;
    case 'b':
      build();
      return true;
    default:
      return step_number(opcode) || step_container(opcode) || step_memo(opcode);
  }
}

std::unique_ptr<const PickleTree> PickleMachine::run() {
  if (size_ > kMaxBytes) bad("{} bytes, the limit is {}", size_, kMaxBytes);
  if (take_number(1) != 0x80 || take_number(1) != 2) bad("not of protocol 2");
  for (;;) {
    const auto opcode = static_cast<unsigned char>(take_number(1));
    if (opcode == '.') break;
    if (!step(opcode)) bad("the opcode {:#04x} is not allowed", opcode);
  }
  if (stack_.size() != 1 || !marks_.empty()) bad("{} values at its end, not one", stack_.size());
  if (position_ != size_) bad("{} bytes after its end", size_ - position_);
  tree_->root = stack_.back();
  return std::move(tree_);
}

}  // namespace

std::unique_ptr<const PickleTree> parse_pickle(
    const unsigned char* data, size_t size, const std::string& name,
    const std::function<bool(std::string_view)>& is_allowed) {
  return PickleMachine(data, size, name, is_allowed).run();
}

}  // namespace chatterbox::checkpoint
