#include "checkpoint/pickle.h"

#include <gtest/gtest.h>

#include <limits>

#include "checkpoint/pickle_bytes.h"
#include "support/status.h"

namespace chatterbox::checkpoint {
namespace {

using namespace testing::pickle;

std::unique_ptr<const PickleTree> parse(const std::string& bytes) {
  return parse_pickle(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      "some/file", [](std::string_view name) { return name == "torch.Storage"; });
}

std::string reason(const std::string& bytes) {
  try {
    static_cast<void>(parse(bytes));
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadModelFile);
    return error.what();
  }
  return "accepted";
}

void expect_refused(const std::string& bytes, const std::string& why) {
  const std::string message = reason(bytes);
  EXPECT_EQ(message.rfind("some/file: pickle, offset ", 0), 0U) << message;
  EXPECT_NE(message.find(why), std::string::npos) << message << "\n does not say: " << why;
}

template <class T>
T value(const std::string& opcodes) {
  const auto tree = parse(file(opcodes));
  const T* found = tree->root->as<T>();
  if (found == nullptr) {
    ADD_FAILURE() << "a value of another type";
    return {};
  }
  return *found;
}

TEST(Pickle, PlainValues) {
  EXPECT_EQ(value<int64_t>("K\xff"), 255);
  EXPECT_EQ(value<int64_t>(std::string("M\x00\x80", 3)), 32768);  // unsigned, as pickle has it
  EXPECT_EQ(value<int64_t>(number(-2)), -2);
  EXPECT_EQ(value<int64_t>(number(INT32_MIN)), INT32_MIN);
  EXPECT_EQ(value<int64_t>(std::string("\x8a\x00", 2)), 0);  // pickle writes 0 in no bytes
  EXPECT_EQ(value<int64_t>("\x8a\x01\xff"), -1);
  EXPECT_EQ(value<int64_t>(std::string("\x8a\x02\xff\x00", 4)), 255);
  EXPECT_EQ(value<int64_t>(wide_number(INT64_MIN)), INT64_MIN);
  // pickle.dumps(-0.1, 2): the one big-endian number.
  EXPECT_EQ(value<double>("G\xbf\xb9\x99\x99\x99\x99\x99\x9a"), -0.1);
  EXPECT_TRUE(value<bool>("\x88"));
  EXPECT_FALSE(value<bool>("\x89"));
  EXPECT_EQ(value<std::string>(text("ä \n")), "ä \n");
  EXPECT_EQ(value<std::string>(text("")), "");
  EXPECT_EQ(value<std::monostate>("N"), std::monostate{});
}

TEST(Pickle, Containers) {
  const auto tree = parse(file(
      dict({text("list"), list({number(1), "]", "N"}), text("tuple"), tuple({number(2), number(3)}),
            text("empty"), "}", text("pair"), number(4) + number(5) + "\x86"})));
  const auto* root = tree->root->as<PickleValue::Dict>();
  ASSERT_NE(root, nullptr);
  ASSERT_EQ(root->size(), 4U);
  const auto sequence = [&](const char* key) { return root->at(key)->as<PickleValue::Sequence>(); };
  ASSERT_EQ(sequence("list")->items.size(), 3U);
  EXPECT_FALSE(sequence("list")->is_tuple);
  EXPECT_EQ(*sequence("list")->items[0]->as<int64_t>(), 1);
  EXPECT_TRUE(sequence("list")->items[1]->as<PickleValue::Sequence>()->items.empty());
  ASSERT_EQ(sequence("tuple")->items.size(), 2U);
  EXPECT_TRUE(sequence("tuple")->is_tuple);
  EXPECT_EQ(*sequence("tuple")->items[1]->as<int64_t>(), 3);
  EXPECT_EQ(*sequence("pair")->items[0]->as<int64_t>(), 4);
  EXPECT_TRUE(root->at("empty")->as<PickleValue::Dict>()->empty());
}

// The same object twice, by both widths of the memo's index; single items by APPEND and SETITEM.
TEST(Pickle, MemoAndSingleItems) {
  const auto tree = parse(file("(]q\x07" + number(9) + "r" + little_endian(1000, 4) + "ah\x07j" +
                               little_endian(1000, 4) + "t"));
  const auto* three = tree->root->as<PickleValue::Sequence>();
  ASSERT_NE(three, nullptr);
  ASSERT_EQ(three->items.size(), 3U);
  EXPECT_EQ(*three->items[2]->as<int64_t>(), 9);
  EXPECT_EQ(three->items[0], three->items[1]);
  const auto* list = three->items[0]->as<PickleValue::Sequence>();
  ASSERT_EQ(list->items.size(), 1U);
  EXPECT_EQ(list->items[0], three->items[2]);

  const auto dictionary = value<PickleValue::Dict>("}" + text("k") + number(3) + "s");
  EXPECT_EQ(dictionary.size(), 1U);
}

TEST(Pickle, OrderedDictIsADictAndItsAttributesAreDropped) {
  const auto tree = parse(
      file(ordered_dict() + "(" + text("a") + number(1) + "u" + dict({text("x"), "N"}) + "b"));
  const auto* root = tree->root->as<PickleValue::Dict>();
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(root->size(), 1U);
  EXPECT_EQ(*root->at("a")->as<int64_t>(), 1);
}

TEST(Pickle, AllowedCallsAndPersistentIdsAreData) {
  const auto called =
      value<PickleValue::Call>(call(global("torch", "Storage"), number(1) + "\x85"));
  EXPECT_EQ(called.function, "torch.Storage");
  const auto persistent = parse(file(number(5) + "Q"));
  EXPECT_EQ(*persistent->root->as<PickleValue::Persistent>()->id->as<int64_t>(), 5);
}

// What pickle.dumps() makes of an object whose __reduce__ returns (os.system, ("id",)).
TEST(Pickle, GlobalsThatAreNotAllowedAreNamed) {
  expect_refused(file(call(global("posix", "system"), text("id") + "\x85")),
                 "the global posix.system is not allowed");
  expect_refused(file(global("os", "system")), "the global os.system is not allowed");
  expect_refused(file(global("builtins", "eval")), "the global builtins.eval is not allowed");
  expect_refused(file(global("torch", "Storages")), "the global torch.Storages is not allowed");
  expect_refused(file(global("collections", "OrderedDictionary")), "is not allowed");
  expect_refused(file(global("os", "sys\ttem")), "not printable ASCII");
  expect_refused(file("c" + std::string(300, 'x') + "\nname\n"), "a name without an end");
}

// Every other way of running or importing something, and the opcodes of newer protocols.
TEST(Pickle, OpcodesThatAreNotAllowed) {
  for (const char opcode :
       {'i',    'o',    'P',    'I',    'L',    'F',    'S',    'T',    'U',    'V',
        'd',    'l',    'p',    'g',    '0',    '1',    '2',    'B',    'C',    '\x81',
        '\x82', '\x83', '\x84', '\x8b', '\x8c', '\x8d', '\x8e', '\x8f', '\x90', '\x91',
        '\x92', '\x93', '\x94', '\x95', '\x96', '\x97', '\x98', '\0',   '\xff'}) {
    SCOPED_TRACE(static_cast<int>(static_cast<unsigned char>(opcode)));
    expect_refused(file("N" + std::string(1, opcode)), "is not allowed");
  }
  expect_refused(file(std::string("N\x93")), "the opcode 0x93 is not allowed");
}

TEST(Pickle, Malformed) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "truncated"},
      {"\x80", "truncated"},
      {"\x80\x04N.", "not of protocol 2"},
      {"(dp0\n.", "not of protocol 2"},
      {"\x80\x02N", "truncated"},
      {"\x80\x02.", "0 values at its end"},
      {"\x80\x02NN.", "2 values at its end"},
      {"\x80\x02(N.", "at its end"},
      {file("N") + "N", "1 bytes after its end"},
      {file("X\xff\xff\xff\xff"
            "a"),
       "truncated"},
      {file("h\x01"), "memo 1 is empty"},
      {file("q\x01"), "a value is missing"},
      {file("a"), "a value is missing"},
      {file("N(a"), "a value is missing"},  // a value from beneath the mark
      {file("t"), "a mark is missing"},
      {file("N\x86"), "a value is missing"},
      {file("N(Ne"), "not a list"},
      {file(")Na"), "not a list"},
      {file("](NNu"), "not a dict"},
      {file("}(Nu"), "not a dict"},
      {file("}(NNu"), "a dict's key that is not a string"},
      {file("}(" + number(1) + "Nu"), "a dict's key that is not a string"},
      {file("}(" + text("a\nb") + "Nu"), "control character"},
      {file("}(" + text(std::string(257, 'k')) + "Nu"), "longer than 256 bytes"},
      {file(dict({text("k"), "N", text("k"), "N"})), "the key k twice"},
      {file("}" + text("k") + "Ns" + text("k") + "Ns"), "the key k twice"},
      {file("\x8a\x09" + std::string(9, '\x01')), "an integer of 9 bytes"},
      {file("N)R"), "a call of no function"},
      {file(global("torch", "Storage") + "NR"), "a call of no function"},
      {file(global("torch", "Storage") + "]R"), "a call of no function"},
      {file(call(global("collections", "OrderedDict"), "N\x85")),
       "OrderedDict made from arguments"},
      {file("N}b"), "not an OrderedDict"},
      {file("}Nb"), "not an OrderedDict"},
  };
  for (const auto& [bytes, why] : cases) {
    SCOPED_TRACE(::testing::PrintToString(bytes));
    expect_refused(bytes, why);
  }
}

// Few bytes that would be much memory.
TEST(Pickle, Bombs) {
  expect_refused(file(std::string(250'000, 'N')), "more than 200000 values");
  expect_refused(file(std::string(250'000, '(')), "more than 200000 marks");
  std::string recalls = "Nq\x01";
  for (int i = 0; i < 250'000; ++i) recalls += "h\x01";
  expect_refused(file(recalls), "more than 200000 values");
  std::string memos = "N";
  for (uint32_t i = 0; i < 250'000; ++i) memos += "r" + little_endian(i, 4);
  expect_refused(file(memos), "more than 200000 values");
  // 150 lists of 2000 times the same value.
  std::string items = "Nq\x01";
  for (int i = 0; i < 2000; ++i) items += "h\x01";
  std::string lists;
  for (int i = 0; i < 150; ++i) lists += "](" + items + "e";
  expect_refused(file(lists), "more than 200000 values");
  expect_refused(file(std::string((16U << 20U) + 1, 'N')), "the limit is 16777216");
}

// Depth costs no stack here: values only point at each other.
TEST(Pickle, DeepNestingIsParsed) {
  std::string deep;
  for (int i = 0; i < 50'000; ++i) deep += "]";
  for (int i = 0; i < 49'999; ++i) deep += "a";
  EXPECT_NE(parse(file(deep))->root->as<PickleValue::Sequence>(), nullptr);
}

}  // namespace
}  // namespace chatterbox::checkpoint
