// Speaks one sentence with the demo model, or with the checkpoint folder given, in the model's own
// voice or in that of a recording.
#include <chatterbox/chatterbox.hpp>
#include <iostream>

int main(int argc, char** argv) try {
  chatterbox::EngineOptions options;
  if (argc > 1) options.model = argv[1];
  const auto engine = chatterbox::ChatterboxEngine::load(options);

  chatterbox::Request request;
  request.text = "Hello from C++.";
  request.seed = 1;
  if (argc > 2) request.voice = engine.make_voice(chatterbox::read_audio(argv[2]));

  const chatterbox::Result result = engine.generate(request);
  chatterbox::write_audio("hello_cpp.wav", result);
  const auto stats = result.stats();
  std::cout << stats.speech_tokens << " speech tokens in " << stats.total_seconds << " s\n";
} catch (const chatterbox::Error& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
