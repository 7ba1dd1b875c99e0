// A model with its two machines.
#include <memory>
#include <utility>

#include "runtime/executor.h"
#include "runtime/model_set.h"
#include "runtime/speech_machine.h"
#include "runtime/token_machine.h"
#include "runtime/torch_errors.h"

namespace chatterbox::runtime {
namespace {

class LoadedModel final : public Model {
 public:
  LoadedModel(std::shared_ptr<const ModelSet> models, const Log& log)
      : models_(std::move(models)), tokens_(models_, log), speech_(models_) {}

  [[nodiscard]] const ModelCatalog& catalog() const override { return *models_; }
  [[nodiscard]] TokenExecutor& tokens() override { return tokens_; }
  [[nodiscard]] SpeechExecutor& speech() override { return speech_; }

 private:
  const std::shared_ptr<const ModelSet> models_;
  TokenMachine tokens_;
  SpeechMachine speech_;
};

}  // namespace

std::unique_ptr<Model> load_model(const EngineOptions& options, const Log& log) {
  return translate_torch_errors([&] {
    return std::make_unique<LoadedModel>(std::make_shared<const ModelSet>(options), log);
  });
}

}  // namespace chatterbox::runtime
