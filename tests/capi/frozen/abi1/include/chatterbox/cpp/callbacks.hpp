// The callbacks of requests as C functions. Include <chatterbox/chatterbox.hpp>, not this file,
// which has nothing for callers.
#ifndef CHATTERBOX_CPP_CALLBACKS_HPP
#define CHATTERBOX_CPP_CALLBACKS_HPP

#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/request.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace chatterbox {
inline namespace abi1 {
namespace detail {

using OnPiece = std::function<void(const Piece&)>;

[[nodiscard]] inline TensorView to_view(const chatterbox_tensor& tensor) {
  return {tensor.name, static_cast<TensorView::Type>(tensor.type), tensor.shape,
          static_cast<size_t>(tensor.rank), tensor.data};
}

// The caller's functions; null if there is none.
struct Functions {
  const std::function<void(const Progress&)>* on_progress = nullptr;
  const std::function<void(const TensorView&)>* on_tensor = nullptr;
  const std::function<bool(Samples)>* on_audio = nullptr;
  const std::function<void(Status)>* on_done = nullptr;
  const OnPiece* on_piece = nullptr;

  // The functions of a Request or a Conversion, which are not copied.
  template <class Asked>
  [[nodiscard]] static Functions of(const Asked& asked, const OnPiece* on_piece = nullptr) {
    return {known(asked.on_progress), known(asked.on_tensor), known(asked.on_audio),
            known(asked.on_done), on_piece != nullptr ? known(*on_piece) : nullptr};
  }
  template <class Function>
  [[nodiscard]] static const Function* known(const Function& function) {
    return function ? &function : nullptr;
  }
  [[nodiscard]] bool any() const noexcept {
    return on_progress != nullptr || on_tensor != nullptr || on_audio != nullptr ||
           on_done != nullptr || on_piece != nullptr;
  }
};

// The user data of functions that block: they refer to the caller's own functions. No exception
// passes through C: it cancels the request, and its message is kept.
class Callbacks {
 public:
  explicit Callbacks(const Functions& functions) noexcept : functions_(functions) {}
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;

  // For a chatterbox_request or a chatterbox_conversion.
  template <class Asked>
  void install(Asked& asked) noexcept {
    if (functions_.on_progress != nullptr) asked.on_progress = &Callbacks::progress;
    if (functions_.on_audio != nullptr) asked.on_audio = &Callbacks::audio;
    if (functions_.on_done != nullptr) asked.on_done = &Callbacks::done;
    install_tensor(asked);
  }
  // Or for a chatterbox_voice_options.
  template <class Asked>
  void install_tensor(Asked& asked) noexcept {
    asked.user_data = static_cast<Callbacks*>(this);
    if (functions_.on_tensor != nullptr) asked.on_tensor = &Callbacks::tensor;
  }
  // For a chatterbox_long_text_options, which uses the request's user data.
  static int32_t piece(const chatterbox_piece* piece, void* self) noexcept {
    return call(self, "on_piece", [&](const Functions& all) { (*all.on_piece)(*piece); });
  }

  // What a callback threw; empty if none did. Read it only after the request has ended.
  [[nodiscard]] const std::string& thrown() const noexcept { return thrown_; }

 private:
  template <class Call>
  [[nodiscard]] static int32_t call(void* self, const char* name, Call&& call) noexcept {
    auto& all = *static_cast<Callbacks*>(self);
    return no_throw(name, all.thrown_, [&] { call(all.functions_); }) ? 0 : 1;
  }

  static int32_t progress(const chatterbox_progress* report, void* self) noexcept {
    const Progress progress{static_cast<Stage>(report->stage), report->done, report->total};
    return call(self, "on_progress", [&](const Functions& all) { (*all.on_progress)(progress); });
  }
  static int32_t tensor(const chatterbox_tensor* tensor, void* self) noexcept {
    return call(self, "on_tensor",
                [&](const Functions& all) { (*all.on_tensor)(to_view(*tensor)); });
  }
  static int32_t audio(uint64_t /*tag*/, const float* samples, uint64_t count,
                       void* self) noexcept {
    bool go_on = true;
    const int32_t answer = call(self, "on_audio", [&](const Functions& all) {
      go_on = (*all.on_audio)({samples, static_cast<size_t>(count)});
    });
    return go_on ? answer : 1;
  }
  static void done(uint64_t /*tag*/, chatterbox_status status, void* self) noexcept {
    const auto& on_done = *static_cast<Callbacks*>(self)->functions_.on_done;
    std::string nobody;  // what it throws is dropped
    (void)no_throw("on_done", nobody, [&] { on_done(static_cast<Status>(status)); });
  }

  const Functions functions_;
  std::string thrown_;
};

// Copies of the caller's functions.
struct OwnFunctions {
  explicit OwnFunctions(const Functions& from)
      : on_progress(copy(from.on_progress)),
        on_tensor(copy(from.on_tensor)),
        on_audio(copy(from.on_audio)),
        on_done(copy(from.on_done)),
        on_piece(copy(from.on_piece)) {}

  std::function<void(const Progress&)> on_progress;
  std::function<void(const TensorView&)> on_tensor;
  std::function<bool(Samples)> on_audio;
  std::function<void(Status)> on_done;
  OnPiece on_piece;

 private:
  template <class Function>
  [[nodiscard]] static Function copy(const Function* function) {
    return function != nullptr ? *function : Function();
  }
};

// The same for a job: it keeps the functions until on_done, which is called exactly once and last.
// What a callback threw is kept as long as the job.
class JobCallbacks : private OwnFunctions, public Callbacks {
 public:
  explicit JobCallbacks(const Functions& functions)
      : OwnFunctions(functions),
        Callbacks(Functions::of(static_cast<const OwnFunctions&>(*this),
                                &static_cast<const OwnFunctions&>(*this).on_piece)) {}

  // Null if there is nothing to call.
  [[nodiscard]] static std::shared_ptr<JobCallbacks> make(const Functions& functions) {
    return functions.any() ? std::make_shared<JobCallbacks>(functions) : nullptr;
  }

  // Passes the request and its callbacks, which may be null, to `ask`.
  template <class Asked, class Ask>
  static void submit(const std::shared_ptr<JobCallbacks>& self, Asked& asked, Ask&& ask) {
    if (self) {
      self->install(asked);
      asked.on_done = &JobCallbacks::end;
      self->library_ = self;
    }
    const chatterbox_status status = ask(asked);
    if (self && status < 0) self->library_.reset();  // refused: nothing will be called
    check(status);
  }

 private:
  static void end(uint64_t /*tag*/, chatterbox_status status, void* user_data) noexcept {
    auto* all = static_cast<JobCallbacks*>(static_cast<Callbacks*>(user_data));
    const std::shared_ptr<JobCallbacks> self = std::move(all->library_);
    const OwnFunctions last = std::move(static_cast<OwnFunctions&>(*all));
    if (!last.on_done) return;
    std::string nobody;  // what it throws is dropped
    (void)no_throw("on_done", nobody, [&] { last.on_done(static_cast<Status>(status)); });
  }

  std::shared_ptr<JobCallbacks> library_;  // itself, while the library may call
};

}  // namespace detail
}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_CALLBACKS_HPP
