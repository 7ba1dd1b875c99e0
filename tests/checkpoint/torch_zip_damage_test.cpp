#include <gtest/gtest.h>

#include <algorithm>

#include "checkpoint/damage.h"
#include "checkpoint/torch_bytes.h"
#include "checkpoint/torch_zip.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox::checkpoint {
namespace {

using namespace testing::pickle;
using testing::expect_refused;
using testing::Strided;
using testing::torch_file;
using testing::torch_storage;
using testing::torch_tensor;

constexpr auto kParse = [](const std::string& bytes, const std::string& name) {
  return parse_torch_zip(bytes.data(), bytes.size(), name);
};

const std::string kFloats(24, 'd');  // six of them

// A file of one tensor "w" over kFloats.
std::string one(const std::string& tensor) {
  return torch_file(dict({text("w"), tensor}), {kFloats});
}

std::string viewed(const Strided& view) { return one(torch_tensor("FloatStorage", 6, view, "0")); }

std::string rebuilt(const std::string& arguments) {
  return one(call(global("torch._utils", "_rebuild_tensor_v2"), arguments));
}

TEST(TorchZipDamage, NothingIsEverCalled) {
  // pickle.dumps(object, 2) of an object whose __reduce__ returns (os.system, ("id",)).
  const std::string attack(
      "\x80\x02"
      "cposix\nsystem\nq\x00X\x02\x00\x00\x00idq\x01\x85q\x02Rq\x03.",
      34);
  const std::string bytes = testing::make_zip({{"archive/data.pkl", attack}});
  expect_refused(kParse, bytes, "the global posix.system is not allowed");
  EXPECT_TRUE(testing::refuses(kParse, bytes, "attack"));
  expect_refused(kParse, one(call(global("torch._utils", "_rebuild_tensor"), tuple({}))),
                 "the global torch._utils._rebuild_tensor is not allowed");
  expect_refused(kParse, one(call(global("torch", "FloatStorage"), ")")),
                 "w: torch.FloatStorage is not a function");
  expect_refused(kParse, one(global("torch", "FloatStorage")), "w: a type or a storage");
  expect_refused(kParse, one(torch_storage("FloatStorage", 6, "0")), "w: a type or a storage");
}

TEST(TorchZipDamage, Archive) {
  using testing::make_zip;
  const std::string pickle = file("}");
  expect_refused(kParse, make_zip({{"archive/data", pickle}}), "without data.pkl");
  expect_refused(kParse, make_zip({{"data.pkl", pickle}}), "without data.pkl");
  expect_refused(kParse, make_zip({{"a/b/data.pkl", pickle}}), "without data.pkl");
  expect_refused(kParse, make_zip({{"a/data.pkl", pickle}, {"b/data.pkl", pickle}}), "two pickles");
  expect_refused(kParse, make_zip({{"a/data.pkl", pickle}, {"a/data.pkl", pickle}}), "there twice");
  expect_refused(kParse, make_zip({{"a/data.pkl", pickle}, {"a/byteorder", "big"}}),
                 "byte order big, only little is read");
  expect_refused(kParse, make_zip({{"a/data.pkl", pickle, 8}}), "a/data.pkl is compressed");
  expect_refused(kParse, "\x80\x02}.", "too few for a zip archive");  // the format before torch 1.6
}

TEST(TorchZipDamage, ShapesAndStrides) {
  constexpr int64_t kHuge = INT64_MAX;
  const char* beyond = "w: its shape and strides reach beyond its storage of 6 elements";
  EXPECT_FALSE(testing::refuses(kParse, viewed({{2, 3}, {3, 1}}), "good"));
  for (const Strided& view : std::vector<Strided>{{{7}, {1}},
                                                  {{6}, {1}, 1},
                                                  {{2, 3}, {4, 1}},
                                                  {{}, {}, 6},
                                                  {{}, {}, kHuge},
                                                  {{2}, {kHuge}},
                                                  {{kHuge, kHuge}, {0, 0}},
                                                  {{kHuge, 2}, {kHuge, 1}},
                                                  {{1 << 30, 1 << 30, 16}, {0, 0, 0}}}) {
    SCOPED_TRACE(::testing::PrintToString(view.shape));
    expect_refused(kParse, viewed(view), beyond);
  }
  expect_refused(kParse, viewed({{2}, {}}), "w: 1 dimensions, 0 strides");
  expect_refused(kParse, viewed({{-1}, {1}}), "w: bad shape, numbers from 0");
  expect_refused(kParse, viewed({{2}, {-1}, 5}), "w: bad strides, numbers from 0");
  expect_refused(kParse, viewed({{1}, {1}, -1}), "w: a bad storage offset");
  expect_refused(kParse, viewed({std::vector<int64_t>(17, 1), std::vector<int64_t>(17, 1)}),
                 "w: bad shape");
}

TEST(TorchZipDamage, Storages) {
  const auto tensor = [](const char* type, int64_t count, const char* key) {
    return one(torch_tensor(type, count, {{1}, {1}}, key));
  };
  EXPECT_FALSE(testing::refuses(kParse, tensor("LongStorage", 3, "0"), "another type, same bytes"));
  // Six elements of another type.
  expect_refused(kParse, tensor("LongStorage", 6, "0"),
                 "data/0 has 24 bytes, 6 I64 elements belong there");
  expect_refused(kParse, tensor("HalfStorage", 6, "0"), "data/0 has 24 bytes, 6 F16 elements");
  expect_refused(kParse, tensor("FloatStorage", 7, "0"), "7 F32 elements");
  expect_refused(kParse, tensor("FloatStorage", -1, "0"), "w: a bad description of its storage");
  expect_refused(kParse, tensor("FloatStorage", 6, "1"), "w: the record data/1 is missing");
  expect_refused(kParse, tensor("FloatStorage", 6, "../data.pkl"), "is missing");
  expect_refused(kParse, tensor("ComplexFloatStorage", 3, "0"),
                 "torch.ComplexFloatStorage is not allowed");

  const std::string rest =
      wide_number(0) + testing::number_tuple({1}) + testing::number_tuple({1}) + "\x89N";
  expect_refused(kParse, rebuilt("(N" + rest + "t"), "w: a tensor without a storage");
  expect_refused(kParse, rebuilt("(NQ" + rest + "t"), "w: a tensor without a storage");
  expect_refused(kParse, rebuilt("(" + tuple({"N", "N", "N", "N", "N"}) + "Q" + rest + "t"),
                 "w: a bad description of its storage");
  expect_refused(kParse,
                 rebuilt("(" +
                         tuple({text("module"), global("torch", "FloatStorage"), text("0"),
                                text("cpu"), number(6)}) +
                         "Q" + rest + "t"),
                 "w: a bad description of its storage");
  expect_refused(kParse, rebuilt(tuple({"N", "N", "N", "N", "N"})), "w: a tensor of 5 arguments");
  const std::string storage = torch_storage("FloatStorage", 6, "0");
  expect_refused(kParse,
                 rebuilt("(" + storage + "N" + testing::number_tuple({1}) +
                         testing::number_tuple({1}) + "\x89Nt"),
                 "w: a bad storage offset");
  expect_refused(
      kParse,
      rebuilt("(" + storage + number(0) + number(1) + testing::number_tuple({1}) + "\x89Nt"),
      "w: bad shape");
}

TEST(TorchZipDamage, NamesThatMeanTwoTensors) {
  const std::string tensor = torch_tensor("FloatStorage", 6, {{6}, {1}}, "0");
  expect_refused(
      kParse,
      torch_file(dict({text("a.b"), tensor, text("a"), dict({text("b"), tensor})}), {kFloats}),
      "two tensors have the name a.b");
}

TEST(TorchZipDamage, TreesWithoutEnd) {
  expect_refused(kParse,
                 torch_file("]q\x01h\x01"
                            "a",
                            {}),
                 "nested more than 32 deep");
  expect_refused(kParse, torch_file("}q\x01" + text("k") + "h\x01s", {}),
                 "nested more than 32 deep");
  // Each list holds the one before twice: 2^25 values.
  std::string laughs = "]q\x01";
  for (int i = 0; i < 25; ++i)
    laughs +=
        "](h\x01h\x01"
        "eq\x01";
  expect_refused(kParse, torch_file("(" + laughs + "t", {}), "more than 200000 values");
  std::string deep = "N";
  for (int i = 0; i < 3; ++i) deep = dict({text(std::string(200, 'k')), deep});
  expect_refused(kParse, torch_file(deep, {}), "a name of more than 512 bytes");
}

// A stride of 0 makes many bytes of few. What a file may so become is bounded, for all its tensors
// together.
TEST(TorchZipDamage, RepeatedData) {
  const auto repeated = [](int64_t count) {
    return torch_tensor("FloatStorage", 6, {{count}, {0}}, "0");
  };
  EXPECT_FALSE(testing::refuses(kParse, one(repeated(1000)), "a little"));
  expect_refused(kParse, one(repeated(int64_t{1} << 40)), "bytes of repeated data are too many");
  std::string tensors = "](";
  for (int i = 0; i < 3; ++i) tensors += repeated(2'000'000);  // 8 MB each
  expect_refused(kParse, torch_file(tensors + "e", {kFloats}), "2: 8000000 bytes of repeated data");
}

TEST(TorchZipDamage, TruncatedAt200Places) {
  const std::string good(testing::synthetic_conds_pt(testing::SyntheticSize::kTiny));
  for (size_t i = 0; i < 200; ++i) {
    for (const size_t size : {good.size() * i / 200, good.size() - 1 - i}) {
      EXPECT_TRUE(testing::refuses(kParse, good.substr(0, size), std::to_string(size))) << size;
    }
  }
}

// Any bit of a record's bytes changes its checksum: the pickle, and the largest tensor.
TEST(TorchZipDamage, FlippedBitsOfARealFile) {
  const std::string good(testing::synthetic_conds_pt(testing::SyntheticSize::kTiny));
  const size_t pickle = good.find("\x80\x02}");
  EXPECT_EQ(testing::count_refused_flips(kParse, good, pickle, pickle + 749), 8U * 749);
  for (size_t i = 6200; i < 160'000; i += 4999) {
    EXPECT_EQ(testing::count_refused_flips(kParse, good, i, i + 1), 8U) << i;
  }
}

// Behind the checksum: each bit of the pickle flipped, and the archive made anew.
TEST(TorchZipDamage, FlippedBitsOfThePickle) {
  const std::string good =
      file(dict({text("a"), torch_tensor("FloatStorage", 6, {{2, 3}, {3, 1}}, "0"), text("b"),
                 list({number(1), "N", "\x88", text("word")})}));
  const auto parse = [](const std::string& pickle, const std::string& name) {
    return kParse(testing::make_zip({{"a/data.pkl", pickle}, {"a/data/0", kFloats}}), name);
  };
  EXPECT_FALSE(testing::refuses(parse, good, "good"));
  const size_t refused = testing::count_refused_flips(parse, good, 0, good.size());
  EXPECT_GT(refused, good.size() * 8 / 2);  // letters of names, numbers and flags may change unseen
  EXPECT_LT(refused, good.size() * 8);
}

// Every bit of a small archive, its headers and directory with it.
TEST(TorchZipDamage, EveryBitFlip) {
  const std::string good = one(torch_tensor("FloatStorage", 6, {{2, 3}, {3, 1}}, "0"));
  const size_t refused = testing::count_refused_flips(kParse, good, 0, good.size());
  // What no reader looks at: times, versions, attributes and the local headers' sizes.
  EXPECT_GT(refused, good.size() * 8 * 3 / 4);
  EXPECT_LT(refused, good.size() * 8);
}

}  // namespace
}  // namespace chatterbox::checkpoint
