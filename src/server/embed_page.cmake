# Writes the source TO, which holds the bytes of the file FROM.
file(READ ${FROM} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${TO} "#include \"server/page.h\"

namespace chatterbox::server {

std::string_view page_html() {
  static constexpr char kPage[] = {${bytes}};
  return {kPage, sizeof kPage};
}

}  // namespace chatterbox::server
")
