#include <gtest/gtest.h>

#include "server/multipart.h"
#include "server/refused.h"

namespace chatterbox::server {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=\"b-1\"";

TEST(FormTest, PartsArriveAsTheyAre) {
  const std::string body =
      "preamble\r\n--b-1\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nann\r\n"
      "--b-1\r\ncontent-disposition: form-data; name=file; filename=\"a \\\"b\\\".wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\nx\r\n--b-2\r\n\r\n--b-1--\r\n";
  const auto parts = parse_form(kType, body);
  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[0].name, "name");
  EXPECT_EQ(parts[0].data, "ann");
  EXPECT_EQ(parts[1].name, "file");
  EXPECT_EQ(parts[1].filename, "a \"b\".wav");
  EXPECT_EQ(parts[1].content_type, "audio/wav");
  EXPECT_EQ(parts[1].data, "x\r\n--b-2\r\n");
}

TEST(FormTest, APartMayBeEmpty) {
  const auto parts =
      parse_form(kType, "--b-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b-1--");
  ASSERT_EQ(parts.size(), 1);
  EXPECT_EQ(parts[0].data, "");
}

TEST(FormTest, WhatIsMalformedIsRefused) {
  EXPECT_REFUSED(parse_form("application/json", "{}"), 415, "");
  EXPECT_REFUSED(parse_form("multipart/form-data", "--b--"), 400, "");
  const std::string part = "--b-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx";
  EXPECT_REFUSED(parse_form(kType, ""), 400, "");
  EXPECT_REFUSED(parse_form(kType, part), 400, "");                // cut off
  EXPECT_REFUSED(parse_form(kType, part + "\r\n--b-1"), 400, "");  // the same
  EXPECT_REFUSED(parse_form(kType, "--b-1\r\nX\r\n\r\nx\r\n--b-1--"), 400, "");
  EXPECT_REFUSED(parse_form(kType, "--b-1\r\n\r\nx\r\n--b-1--"), 400, "");  // no name
  std::string many;
  for (int i = 0; i < 33; ++i) many += part + "\r\n";
  EXPECT_REFUSED(parse_form(kType, many + "--b-1--"), 400, "");
}

TEST(FormTest, EveryPrefixIsReadOrRefused) {
  const std::string body =
      "--b-1\r\nContent-Disposition: form-data; name=\"a\\\"\"; filename=\"c\"\r\n\r\nx\r\n--b-1--";
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_TRUE(refusal_of([&] { (void)parse_form(kType, body.substr(0, size)); })) << size;
  }
}

TEST(FormTest, MediaTypesAreComparedWithoutCaseAndParameters) {
  EXPECT_TRUE(is_media_type("Application/JSON; charset=utf-8", "application/json"));
  EXPECT_FALSE(is_media_type("application/jsonx", "application/json"));
  EXPECT_FALSE(is_media_type("", "application/json"));
}

}  // namespace
}  // namespace chatterbox::server
