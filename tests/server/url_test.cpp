#include "server/url.h"

#include <gtest/gtest.h>

#include "server/routes.h"
#include "server/voice_store.h"

namespace chatterbox::server {
namespace {

TEST(UrlTest, PathAndQueryAreDecoded) {
  const auto target = parse_target("/v1/audio/a%20b+?x=1%262&y=a+b&z");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, (std::vector<std::string>{"v1", "audio", "a b+"}));
  EXPECT_EQ(target->query.at("x"), "1&2");
  EXPECT_EQ(target->query.at("y"), "a b");
  EXPECT_EQ(target->query.at("z"), "");
  EXPECT_TRUE(parse_target("/")->path.empty());
}

TEST(UrlTest, WhatLeavesTheTreeIsRefused) {
  for (const char* bad : {"", "v1", "http://x/v1", "/v1/../x", "/v1/%2e%2e/x", "/a//b", "/a%2fb",
                          "/a%00", "/a%", "/a%4", "/a%zz", "/a?x=%", "/a?x=1&x=2"}) {
    EXPECT_FALSE(parse_target(bad).has_value()) << bad;
  }
}

TEST(RoutesTest, TellNoPathFromNoMethod) {
  EXPECT_NE(find_route("GET", {}).route, nullptr);
  EXPECT_NE(find_route("HEAD", {"v1", "models"}).route, nullptr);
  EXPECT_NE(find_route("DELETE", {"v1", "audio", "voices", "ann"}).route, nullptr);
  EXPECT_EQ(find_route("PUT", {"v1", "audio", "speech"}).route, nullptr);
  EXPECT_EQ(find_route("PUT", {"v1", "audio", "speech"}).methods.size(), 1);
  EXPECT_TRUE(find_route("GET", {"v1", "nothing"}).methods.empty());
  EXPECT_TRUE(find_route("GET", {"v1", "audio", "speech", "x"}).methods.empty());
}

TEST(VoiceNameTest, IsNoPath) {
  EXPECT_TRUE(is_voice_name("Ann-2_b"));
  for (const char* bad : {"", ".", "..", "a/b", "a.b", "-a", "a b", "ä"}) {
    EXPECT_FALSE(is_voice_name(bad)) << bad;
  }
  EXPECT_FALSE(is_voice_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace chatterbox::server
