// Room for requests that wait: so many of them, and so many bytes that they hold.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "engine/bell.h"
#include "support/failure.h"

namespace chatterbox::engine {

class WaitingRoom : public std::enable_shared_from_this<WaitingRoom> {
 public:
  WaitingRoom(int64_t max_seats, int64_t max_bytes)
      : max_seats_(max_seats), max_bytes_(max_bytes) {}

  // One request's place, which is free again when this object goes. Movable; empty by default.
  class Seat {
   public:
    Seat() = default;
    Seat(std::shared_ptr<WaitingRoom> room, int64_t bytes)
        : room_(std::move(room)), bytes_(bytes) {}
    ~Seat() { leave(); }
    Seat(Seat&& other) noexcept : room_(std::move(other.room_)), bytes_(other.bytes_) {}
    Seat& operator=(Seat&& other) noexcept;
    void leave() noexcept;

   private:
    std::shared_ptr<WaitingRoom> room_;
    int64_t bytes_ = 0;
  };

  // Waits for room until `due`, behind those that wait already with the same or a higher priority.
  // Who holds more bytes than there is room for at all is let in when nobody else holds any.
  // kBusy: there was none in time. Throws the reason of close() where that comes first.
  [[nodiscard]] Seat enter(int32_t priority, int64_t bytes, TimePoint due);
  // Nobody is let in any more; those who wait get the reason at once. The first reason stays.
  void close(const Failure& reason);
  void check_open() const;  // throws it
  // False: somebody has a seat until then.
  [[nodiscard]] bool wait_until_empty(TimePoint due);

  [[nodiscard]] int64_t bytes() const;
  [[nodiscard]] int64_t waiting() const;  // callers, for room

 private:
  using Ticket = std::pair<int64_t, uint64_t>;  // the lowest is next

  [[nodiscard]] bool has_room(int64_t bytes) const;
  [[noreturn]] void refuse(int64_t bytes) const;

  const int64_t max_seats_, max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int64_t seats_ = 0, bytes_ = 0;
  std::set<Ticket> tickets_;  // of those who wait for room
  uint64_t next_ticket_ = 0;
  std::optional<Failure> closed_;
};

}  // namespace chatterbox::engine
