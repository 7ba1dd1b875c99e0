#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "server/endpoints/endpoints.h"

namespace chatterbox::server {
namespace {

using nlohmann::json;

// In the shape of OpenAI's own.
json to_json(const StoredVoice& voice) {
  return {{"object", "audio.voice"},
          {"id", voice.id},
          {"name", voice.name},
          {"model", voice.model},
          {"created_at", voice.created}};
}

Voice make_voice(const ChatterboxEngine& engine, std::string_view file, JsonFields& fields) {
  VoiceOptions options;
  options.prompt_seconds =
      fields.number("prompt_seconds", 0.5, 10).value_or(options.prompt_seconds);
  fields.refuse_unknown();
  std::string why_no_voice;
  try {
    return Voice::load_from_memory(file);
  } catch (const Error& error) {
    if (error.status() != Status::kBadVoice) throw;
    why_no_voice = error.what();
  }
  Audio recording;
  try {
    recording = decode_audio(file.data(), file.size());
  } catch (const Error& error) {
    throw Error(error.status(), "the file is neither a recording nor a voice: " +
                                    std::string(error.what()) + "; " + why_no_voice);
  }
  return engine.make_voice(recording, options);
}

}  // namespace

void answer_add_voice(Context& context, Call& call) {
  // OpenAI's name for the part, and that of most others.
  const Form form = read_form(call, {"audio_sample", "file"});
  JsonFields fields(form.fields);
  const std::string name = fields.text("name").value_or("");
  (void)fields.find("consent");  // OpenAI's: an id of a recorded consent, which we have no use for
  const EngineHandle engine = acquire_model(context, call, fields.text("model").value_or(""));
  if (!is_voice_name(name)) {
    throw bad_value(
        "name",
        "name must be 1 to 64 letters, digits, - and _, not beginning with -, got " + shown(name));
  }
  if (form.file.empty()) {
    throw ApiError(400, "missing_parameter", "audio_sample must be there: it is the recording",
                   "audio_sample");
  }
  const Voice voice = make_voice(*engine, form.file, fields);
  call.record.voice = name;
  const StoredVoice stored = context.voices.add(name, call.record.model, voice);
  respond_json(context, call, to_json(stored).dump(), 201);
}

void answer_delete_voice(Context& context, Call& call) {
  const std::string& voice = call.target.path.back();
  call.record.voice = voice;
  context.voices.remove(voice);
  respond_json(context, call,
               json{{"object", "audio.voice.deleted"}, {"id", voice}, {"deleted", true}}.dump());
}

// "voices" is what Open WebUI and others look for, "data" what OpenAI's lists have.
void answer_voices(Context& context, Call& call) {
  json voices = json::array();
  std::set<std::string> names;
  const auto add = [&](json voice) {
    if (names.insert(voice["name"].get<std::string>()).second) voices.push_back(std::move(voice));
  };
  for (const StoredVoice& voice : context.voices.list()) {
    json about = to_json(voice);
    about["voice_id"] = voice.id;
    about["id"] = voice.name;  // what clients send back as `voice`
    add(std::move(about));
  }
  for (const std::string& model : context.models.names()) {
    const ModelFacts facts = context.models.facts(model);
    std::vector<std::string> own = facts.voices;
    if (facts.has_default_voice) own.insert(own.begin(), "default");
    for (const std::string& name : own) {
      add({{"object", "audio.voice"}, {"id", name}, {"name", name}, {"model", model}});
    }
  }
  respond_json(context, call,
               json{{"object", "list"}, {"data", voices}, {"voices", voices}}.dump());
}

}  // namespace chatterbox::server
