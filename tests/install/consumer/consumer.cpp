// Speaks with the demo model through the C++ interface, and catches its exceptions.
#include <chatterbox/chatterbox.hpp>
#include <iostream>

int main() {
  const auto engine = chatterbox::ChatterboxEngine::load();
  chatterbox::Request request;
  request.text = " ";
  try {
    (void)engine.generate(request);
    return 2;
  } catch (const chatterbox::Error& error) {
    if (error.status() != chatterbox::Status::kInvalidArgument) return 3;
  }
  request.text = "Installed.";
  request.seed = 1;
  request.max_new_tokens = 20;
  try {
    return engine.generate(request).samples().empty() ? 1 : 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
