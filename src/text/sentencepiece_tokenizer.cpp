#include <sentencepiece_processor.h>

#include <exception>
#include <new>
#include <utility>

#include "support/error.h"
#include "text/languages.h"
#include "text/text_file.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(const FileSource& files, const std::string& name,
                         std::string (*normalize)(std::string_view))
      : path_(files.path(name)), normalize_(normalize) {
    const std::string bytes = files.read(name, kMaxFileBytes);
    const std::string problem = load(bytes);
    if (!problem.empty()) {
      fail(Status::kBadModelFile, "{}: not a SentencePiece model: {}", path_, problem);
    }
  }

  using Tokenizer::encode;
  [[nodiscard]] std::vector<int64_t> encode(std::string_view text, std::string_view language,
                                            const TextOptions& options) const override {
    refuse_language(language);
    std::vector<int> ids;
    const auto status =
        processor_.Encode(options.normalise ? normalize_(text) : std::string(text), &ids);
    // A model that is sound has pieces, or the unknown one, for every text.
    if (!status.ok()) {
      fail(Status::kBadModelFile, "{}: no SentencePiece model that can encode the text: {}", path_,
           status.message());
    }
    return {ids.begin(), ids.end()};
  }
  [[nodiscard]] int64_t vocabulary_size() const override { return processor_.GetPieceSize(); }
  [[nodiscard]] std::optional<int64_t> start_id() const override {
    return find("[START]", processor_.bos_id());
  }
  [[nodiscard]] std::optional<int64_t> stop_id() const override {
    return find("[STOP]", processor_.eos_id());
  }

 private:
  // What is wrong; empty: nothing. Of damaged models the library throws what its dictionary
  // (Darts) throws, beside what it returns.
  [[nodiscard]] std::string load(const std::string& bytes) {
    try {
      const auto status = processor_.LoadFromSerializedProto(bytes);
      if (status.ok()) return {};
      return *status.message() == '\0' ? "damaged" : status.message();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  // `control`: what stands for it where the model has no such piece; negative: nothing does.
  [[nodiscard]] std::optional<int64_t> find(const char* piece, int control) const {
    const int id = processor_.PieceToId(piece);
    // An unknown piece has the id of the unknown token.
    if (!processor_.IsUnknown(id)) return id;
    return control < 0 ? std::nullopt : std::optional<int64_t>(control);
  }

  std::string path_;
  std::string (*normalize_)(std::string_view);
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::shared_ptr<const Tokenizer> load_sentencepiece_tokenizer(
    const FileSource& files, const std::string& name, std::string (*normalize)(std::string_view)) {
  return std::make_shared<SentencePieceTokenizer>(files, name, normalize);
}

}  // namespace chatterbox::text
