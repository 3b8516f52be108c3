#pragma once

/// The word that every recording call reads first: may it go on, and under which restrictions. It
/// lies in a page of its own that the kernel zeroes in every child of fork (also of raw clone), and
/// zero means off, so a child's calls do nothing at all. Never unmapped: late callers find it.
///
/// Threads: any. One Ingress per Telemetry.

#include <atomic>
#include <cstdint>

namespace posthaste {

class Ingress {
public:
  static constexpr std::uint32_t open = 1;
  static constexpr std::uint32_t logs_refused = 2;  // logs hold their share of the arena
  static constexpr std::uint32_t mapped = 4;        // the arena is there: slots may be read

  /// Takes the page; closed at first.
  Ingress() noexcept;
  Ingress(const Ingress&) = delete;
  Ingress& operator=(const Ingress&) = delete;

  /// False when the kernel gave no such page: then it must stay closed.
  bool usable() const noexcept;

  std::uint32_t flags() const noexcept { return word_->load(std::memory_order_relaxed); }
  void set(std::uint32_t flag) noexcept { word_->fetch_or(flag, std::memory_order_relaxed); }
  void clear(std::uint32_t flag) noexcept { word_->fetch_and(~flag, std::memory_order_relaxed); }
  /// Nothing goes on any more; what is in the arena may still be read.
  void close() noexcept { word_->fetch_and(mapped, std::memory_order_release); }
  /// The arena goes too.
  void retire() noexcept { word_->store(0, std::memory_order_release); }

private:
  std::atomic<std::uint32_t>* word_;
};

}  // namespace posthaste
