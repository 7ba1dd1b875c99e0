#include "cli/voice_file.h"

#include <filesystem>
#include <future>
#include <system_error>

#include "cli/interrupt.h"
#include "cli/ranges.h"
#include "cli/running_job.h"

namespace chatterbox::cli {
namespace {

// A word, and no file.
bool is_name(const std::string& voice) {
  std::error_code error;
  return voice.find_first_of("./") == std::string::npos && !std::filesystem::exists(voice, error);
}

}  // namespace

void add_voice_option(CLI::App& app, std::string& voice) {
  app.add_option("--voice", voice,
                 "a recording (WAV, FLAC, Ogg Vorbis, Opus or MP3), a saved voice, a conds.pt, or "
                 "the name of a voice that comes with the model (demo: low, high)")
      ->type_name("VOICE")
      ->default_str("the model's own voice");
}

void add_prompt_option(CLI::App& app, VoiceOptions& options) {
  app.add_option("--prompt-seconds", options.prompt_seconds,
                 "how much of a recording the speech continues from; less of it is faster, and "
                 "less like it")
      ->type_name("S")
      ->check(in_range(0.5, 10))
      ->capture_default_str();
}

std::variant<Voice, Audio> read_voice_file(const std::string& path) {
  std::string why_no_voice;
  try {
    return Voice::load(path);
  } catch (const Error& error) {
    if (error.status() != Status::kBadVoice) throw;
    why_no_voice = error.what();
  }
  try {
    return read_audio(path);
  } catch (const Error& error) {
    if (error.status() != Status::kBadAudio) throw;
    throw Error(error.status(), path + ": is neither a voice nor a recording: " + why_no_voice +
                                    "; " + error.what());
  }
}

Voice make_voice(const ChatterboxEngine& engine, const Audio& recording,
                 const VoiceOptions& options) {
  std::future<Voice> made =
      std::async(std::launch::async, [&] { return engine.make_voice(recording, options); });
  while (made.wait_for(kPollInterval) != std::future_status::ready) {
    if (interrupted()) engine.cancel_all();
  }
  try {
    return made.get();
  } catch (const Error&) {
    throw_if_interrupted();
    throw;
  }
}

Voice open_voice(const ChatterboxEngine& engine, const std::string& voice,
                 const VoiceOptions& options) {
  if (is_name(voice)) return engine.named_voice(voice);
  const std::variant<Voice, Audio> file = read_voice_file(voice);
  if (const auto* saved = std::get_if<Voice>(&file)) return *saved;
  return make_voice(engine, std::get<Audio>(file), options);
}

}  // namespace chatterbox::cli
