// The C++ headers' types are what their comments say. Compiled as C++17 and C++20.
#include <chatterbox/chatterbox.hpp>
#include <type_traits>
#include <vector>

namespace chatterbox {
namespace {

template <class Type>
constexpr bool kMoveOnly =
    std::is_nothrow_move_constructible_v<Type> && !std::is_copy_constructible_v<Type>;
template <class Type>
constexpr bool kShared =
    std::is_nothrow_move_constructible_v<Type>&& std::is_copy_constructible_v<Type>;

static_assert(kMoveOnly<ChatterboxEngine>);
static_assert(std::is_nothrow_move_assignable_v<ChatterboxEngine>);
static_assert(kMoveOnly<AudioWriter>);
static_assert(kMoveOnly<WatermarkDetector>);
static_assert(kMoveOnly<Bytes>);
static_assert(kShared<Audio>);
static_assert(!std::is_convertible_v<std::vector<float>, Audio>);  // no copy is hidden
static_assert(kShared<Voice>);
static_assert(kShared<Job>);
static_assert(kShared<Result>);
static_assert(std::is_copy_constructible_v<Request>);
static_assert(std::is_base_of_v<std::runtime_error, Error>);
static_assert(static_cast<chatterbox_status>(Status::kNoSpeech) == CHATTERBOX_STATUS_NO_SPEECH);
static_assert(static_cast<chatterbox_status>(Status::kDeviceLost) == CHATTERBOX_STATUS_DEVICE_LOST);

#if __cplusplus >= 202002L
// Any member may be left out, without a warning.
[[maybe_unused]] const EngineOptions options{.model = "demo", .threads = 2};
[[maybe_unused]] const VoiceOptions voice_options{.normalise_loudness = false};
[[maybe_unused]] const LongTextOptions long_text_options{.pause = 0.5};
[[maybe_unused]] const Request request{.text = "Hello.", .cfg_weight = 0.F};
#endif

}  // namespace
}  // namespace chatterbox
