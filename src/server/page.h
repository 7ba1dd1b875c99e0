// The page at /, which cmake puts into the program from page.html.
#pragma once

#include <string_view>

namespace chatterbox::server {

[[nodiscard]] std::string_view page_html();

}  // namespace chatterbox::server
