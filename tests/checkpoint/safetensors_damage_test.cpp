#include <gtest/gtest.h>

#include "checkpoint/damage.h"
#include "checkpoint/safetensors.h"

namespace chatterbox::checkpoint {
namespace {

constexpr auto kParse = [](const std::string& bytes, const std::string& name) {
  return parse_safetensors(bytes.data(), bytes.size(), name);
};

std::string with_length(uint64_t length, const std::string& rest) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes + rest;
}

std::string make_file(const std::string& header, size_t data_bytes) {
  return with_length(header.size(), header + std::string(data_bytes, 'd'));
}

// A header of one tensor.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"w":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

const std::string kGood = make_file(
    R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"I64","shape":[],"data_offsets":[24,32]},)"
    R"("c":{"dtype":"U8","shape":[1,0],"data_offsets":[32,32]}})",
    32);

TEST(SafetensorsDamage, TheGoodOneIsGood) {
  EXPECT_FALSE(testing::refuses(kParse, kGood, "good"));
  EXPECT_FALSE(testing::refuses(kParse, make_file(one("\"F32\"", "[2]", "[0,8]"), 8), "one"));
  EXPECT_FALSE(testing::refuses(kParse, make_file("{}   ", 0), "empty"));
}

TEST(SafetensorsDamage, MalformedLength) {
  testing::expect_refused(kParse, "", "0 bytes are too few");
  testing::expect_refused(kParse, "1234567", "7 bytes are too few");
  testing::expect_refused(kParse, with_length(0, ""), "does not begin with {");
  testing::expect_refused(kParse, with_length(3, "{}"), "header of 3 bytes in a file of 10");
  testing::expect_refused(kParse, with_length(100'000'001, "{}"), "the limit is 100000000");
  testing::expect_refused(kParse, with_length(UINT64_MAX, "{}"), "the limit is 100000000");
  testing::expect_refused(kParse, with_length(UINT64_MAX - 7, "{}"), "the limit is 100000000");
}

TEST(SafetensorsDamage, MalformedHeader) {
  const std::pair<std::string, const char*> cases[] = {
      {"[]", "does not begin with {"},
      {" {}", "does not begin with {"},
      {"\"w\"", "does not begin with {"},
      {"{", "not JSON"},
      {"{}}", "not JSON"},
      {"{\"w\":1", "not JSON"},
      {"{'w':1}", "not JSON"},
      {"{\"\xff\":1}", "not JSON"},
      {"{\"\xc0\x80\":1}", "not JSON"},
      {"{\"\xed\xa0\x80\":1}", "not JSON"},
      {"{\"w\":NaN}", "not JSON"},
      {std::string("{}\0", 3), "not JSON"},
      {"{\"w\":1e999}", "not JSON"},
      {"{\"w\":1}", "dtype, shape and data_offsets"},
      {"{\"w\":null}", "dtype, shape and data_offsets"},
      {"{\"w\":{}}", "dtype, shape and data_offsets"},
      {R"({"w":{"dtype":"F32","shape":[0]}})", "dtype, shape and data_offsets"},
      {R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}})", "nothing else"},
      {R"({"w":{"dtype":"F32","shape":[0],"offsets":[0,0]}})", "dtype, shape and data_offsets"},
      {R"({"__metadata__":[]})", "__metadata__ is not an object"},
      {R"({"__metadata__":{"a":1}})", "__metadata__ a is not a string"},
      {R"({"__metadata__":{"a":null}})", "__metadata__ a is not a string"},
      {R"({"__metadata__":{"a":"x","a":"x"}})", "a twice"},
      {R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"w":1})", "w twice"},
      {R"({"w":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}})", "dtype twice"},
      {std::string(50'000, '[').insert(0, "{\"w\":"), "not an object of tensors"},
      {"{\"w\":" + std::string(50'000, '[') + std::string(50'000, ']') + "}",
       "not an object of tensors"},
  };
  for (const auto& [header, reason] : cases) {
    SCOPED_TRACE(header.substr(0, 80));
    testing::expect_refused(kParse, make_file(header, 0), reason);
  }
}

TEST(SafetensorsDamage, MalformedTensor) {
  struct Case {
    std::string dtype, shape, offsets;
    size_t data_bytes;
    const char* reason;
  };
  const Case cases[] = {
      {"\"F33\"", "[2]", "[0,8]", 8, "w: unknown dtype \"F33\""},
      {"\"f32\"", "[2]", "[0,8]", 8, "w: unknown dtype"},
      {"7", "[2]", "[0,8]", 8, "w: unknown dtype 7"},
      {"\"F32\"", "2", "[0,8]", 8, "w: bad shape 2"},
      {"\"F32\"", "{}", "[0,8]", 8, "w: bad shape"},
      {"\"F32\"", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]", 4, "w: bad shape"},
      {"\"F32\"", "[-2]", "[0,8]", 8, "w: shape has -2"},
      {"\"F32\"", "[2.0]", "[0,8]", 8, "w: shape has 2.0"},
      {"\"F32\"", "[\"2\"]", "[0,8]", 8, "w: shape has \"2\""},
      {"\"F32\"", "[18446744073709551615]", "[0,8]", 8, "w: shape has 18446744073709551615"},
      {"\"F32\"", "[36893488147419103232]", "[0,8]", 8, "w: shape has"},
      {"\"F32\"", "[4294967296,4294967296]", "[0,8]", 8, "overflows"},
      {"\"F32\"", "[4611686018427387905]", "[0,4]", 4, "overflows"},
      {"\"F32\"", "[2]", "8", 8, "w: bad data_offsets 8"},
      {"\"F32\"", "[2]", "[0]", 8, "w: bad data_offsets"},
      {"\"F32\"", "[2]", "[0,8,8]", 8, "w: bad data_offsets"},
      {"\"F32\"", "[2]", "[-8,0]", 8, "w: data_offsets has -8"},
      {"\"F32\"", "[2]", "[0,8.0]", 8, "w: data_offsets has 8.0"},
      {"\"F32\"", "[2]", "[8,0]", 8, "reach beyond"},
      {"\"F32\"", "[2]", "[0,12]", 8, "reach beyond"},
      {"\"F32\"", "[2]", "[0,8]", 7, "reach beyond the file's 7 data bytes"},
      {"\"F32\"", "[2]", "[9223372036854775807,9223372036854775807]", 8, "reach beyond"},
      {"\"F32\"", "[2]", "[0,18446744073709551615]", 8, "data_offsets has"},
      {"\"F32\"", "[3]", "[0,8]", 8, "8 bytes of data, [3] F32 takes 12"},
      {"\"F64\"", "[2]", "[0,8]", 8, "[2] F64 takes 16"},
      {"\"F32\"", "[]", "[0,8]", 8, "a scalar F32 takes 4"},
      {"\"F32\"", "[0]", "[0,8]", 8, "takes 0"},
      {"\"F32\"", "[2]", "[4,12]", 12, "leave a hole"},
      {"\"F32\"", "[2]", "[0,8]", 9, "9 bytes of data, the tensors take 8"},
  };
  for (const Case& bad : cases) {
    const std::string header = one(bad.dtype, bad.shape, bad.offsets);
    SCOPED_TRACE(header);
    testing::expect_refused(kParse, make_file(header, bad.data_bytes), bad.reason);
  }
}

TEST(SafetensorsDamage, TensorsThatOverlapOrLeaveHoles) {
  const auto two = [](const std::string& first, const std::string& second) {
    return make_file(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
                         R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}",
                     8);
  };
  EXPECT_FALSE(testing::refuses(kParse, two("[0,4]", "[4,8]"), "in order"));
  EXPECT_FALSE(testing::refuses(kParse, two("[4,8]", "[0,4]"), "out of order"));
  testing::expect_refused(kParse, two("[0,4]", "[0,4]"), "overlap");
  testing::expect_refused(kParse, two("[0,4]", "[3,7]"), "overlap");
  testing::expect_refused(kParse, two("[1,5]", "[4,8]"), "hole");
}

TEST(SafetensorsDamage, TooManyTensors) {
  std::string header = "{";
  for (int i = 0; i <= 100'000; ++i) {
    header += (i > 0 ? ",\"" : "\"") + std::to_string(i) +
              R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  testing::expect_refused(kParse, make_file(header + "}", 0),
                          "100001 tensors, the limit is 100000");
}

TEST(SafetensorsDamage, EveryTruncation) {
  ASSERT_GE(kGood.size(), 200U);
  for (size_t size = 0; size < kGood.size(); ++size) {
    EXPECT_TRUE(testing::refuses(kParse, kGood.substr(0, size), std::to_string(size))) << size;
  }
  EXPECT_TRUE(testing::refuses(kParse, kGood + "x", "a byte more"));
}

TEST(SafetensorsDamage, EveryBitFlip) {
  const size_t header_end = kGood.size() - 32;
  const size_t refused = testing::count_refused_flips(kParse, kGood, 0, header_end);
  // What may change unnoticed: letters of names and of the metadata, the case of nothing else.
  EXPECT_GT(refused, 8 * header_end * 9 / 10);
  EXPECT_LT(refused, 8 * header_end);
}

}  // namespace
}  // namespace chatterbox::checkpoint
