#include <nlohmann/json.hpp>

#include "server/endpoints/endpoints.h"

namespace chatterbox::server {
namespace {

using nlohmann::json;

json to_json(const ModelFacts& facts) {
  json voices = facts.voices;
  if (facts.has_default_voice) voices.insert(voices.begin(), "default");
  return {{"id", facts.name},
          {"object", "model"},
          {"created", 0},
          {"owned_by", "chatterbox"},
          {"name", facts.name},  // Open WebUI
          {"family", facts.family},
          {"precision", facts.precision},
          {"voices", voices},
          {"languages", facts.languages},
          {"capabilities", {"speech", "conversion", "voices"}}};
}

json all_models(const Context& context) {
  json models = json::array();
  for (const std::string& name : context.models.names()) {
    models.push_back(to_json(context.models.facts(name)));
  }
  return models;
}

}  // namespace

void answer_models(Context& context, Call& call) {
  respond_json(context, call, json{{"object", "list"}, {"data", all_models(context)}}.dump());
}

void answer_model(Context& context, Call& call) {
  const std::string& name = context.models.resolve(call.target.path.back());
  respond_json(context, call, to_json(context.models.facts(name)).dump());
}

void answer_audio_models(Context& context, Call& call) {
  const json models = all_models(context);
  respond_json(context, call,
               json{{"object", "list"}, {"data", models}, {"models", models}}.dump());
}

void answer_languages(Context& context, Call& call) {
  json all = json::array();
  for (const Language& language : languages()) {
    json models = json::array();
    for (const std::string& name : context.models.names()) {
      for (const std::string& code : context.models.facts(name).languages) {
        if (code == language.code) models.push_back(name);
      }
    }
    all.push_back({{"code", language.code}, {"name", language.name}, {"models", models}});
  }
  respond_json(context, call, json{{"object", "list"}, {"data", all}, {"languages", all}}.dump());
}

}  // namespace chatterbox::server
