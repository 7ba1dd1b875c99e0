#include "capi/callbacks.h"

#include <string>

#include "support/error.h"

namespace chatterbox::capi {
namespace {

void stop_where_asked(const char* callback, int32_t answer) {
  if (answer != 0) fail(Status::kCancelled, "{} returned {}, which cancels", callback, answer);
}

}  // namespace

LogCallback log_callback(chatterbox_log_callback call, void* user_data) {
  if (call == nullptr) return nullptr;
  return [call, user_data](LogLevel level, uint64_t tag, std::string_view message) {
    call(static_cast<int32_t>(level), tag, std::string(message).c_str(), user_data);
  };
}

std::function<void(const Progress&)> progress_callback(chatterbox_progress_callback call,
                                                       uint64_t tag, void* user_data) {
  if (call == nullptr) return nullptr;
  return [=](const Progress& progress) {
    const chatterbox_progress view{sizeof view, static_cast<int32_t>(progress.stage), tag,
                                   progress.done, progress.total};
    stop_where_asked("on_progress", call(&view, user_data));
  };
}

std::function<void(const TensorView&)> tensor_callback(chatterbox_tensor_callback call,
                                                       uint64_t tag, void* user_data) {
  if (call == nullptr) return nullptr;
  return [=](const TensorView& tensor) {
    const std::string name(tensor.name);
    const bool integers = tensor.type == TensorView::Type::kInt64;
    const chatterbox_tensor view{sizeof view,
                                 integers ? CHATTERBOX_TENSOR_INT64 : CHATTERBOX_TENSOR_FLOAT32,
                                 tag,
                                 name.c_str(),
                                 tensor.rank == 0 ? nullptr : tensor.shape,
                                 tensor.rank,
                                 tensor.data};
    stop_where_asked("on_tensor", call(&view, user_data));
  };
}

std::function<bool(const float*, size_t)> audio_callback(chatterbox_audio_callback call,
                                                         uint64_t tag, void* user_data) {
  if (call == nullptr) return nullptr;
  return
      [=](const float* samples, size_t count) { return call(tag, samples, count, user_data) == 0; };
}

std::function<void(Status)> done_callback(chatterbox_done_callback call, uint64_t tag,
                                          void* user_data) {
  if (call == nullptr) return nullptr;
  return [=](Status status) { call(tag, static_cast<int32_t>(status), user_data); };
}

std::function<void(const Piece&)> piece_callback(chatterbox_piece_callback call, uint64_t tag,
                                                 void* user_data) {
  if (call == nullptr) return nullptr;
  return [=](const Piece& piece) {
    const chatterbox_piece view = to_struct(piece, tag);
    stop_where_asked("on_piece", call(&view, user_data));
  };
}

chatterbox_piece to_struct(const Piece& piece, uint64_t tag) {
  chatterbox_piece view{};
  view.struct_size = sizeof view;
  view.tag = tag;
  view.index = piece.index;
  view.count = piece.count;
  view.text_begin = piece.text_begin;
  view.text_end = piece.text_end;
  view.begin_seconds = piece.begin;
  view.end_seconds = piece.end;
  return view;
}

}  // namespace chatterbox::capi
