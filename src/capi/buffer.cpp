#include "capi/handles.h"

const void* chatterbox_buffer_data(const chatterbox_buffer* buffer) {
  return buffer == nullptr ? nullptr : buffer->bytes.data();
}

uint64_t chatterbox_buffer_size(const chatterbox_buffer* buffer) {
  return buffer == nullptr ? 0 : buffer->bytes.size();
}

void chatterbox_buffer_destroy(chatterbox_buffer* buffer) { delete buffer; }
