#pragma once

/// LMDB's pages as they lie on disk (format version 1, 64 bit), for the verifier: views that read
/// numbers at their places and check nothing by themselves.
///
///   page   0 number u64 | 8 pad u16 | 10 flags u16 | 12 lower u16, upper u16 (or pages u32)
///          16 node offsets u16 each ... | free | ... nodes
///   node   0 low u16 | 2 high u16 | 4 flags u16 | 6 key size u16 | 8 key | data
///          leaf: data size = low, high; flag `big`: data is the number of an overflow page
///          branch: child page = low, high, flags
///   meta   16 magic u32 | 20 version u32 | 24 address u64 | 32 map size u64 | 40 free tree
///          88 main tree | 136 last page u64 | 144 transaction u64
///   tree   0 pad u32 (free tree: page size) | 4 flags u16 | 6 depth u16 | 8 branch pages u64
///          16 leaf pages u64 | 24 overflow pages u64 | 32 entries u64 | 40 root u64
///
/// Threads: any. Blocking: never. Offsets must be within the page; the verifier sees to it.

#include "persistence/little_endian.h"

#include <cstddef>
#include <cstdint>

namespace posthaste::persistence::lmdb_page {

inline constexpr std::size_t header_bytes = 16;
inline constexpr std::size_t node_header_bytes = 8;
inline constexpr std::size_t meta_bytes = 152;  // page header included
inline constexpr std::uint32_t magic = 0xBEEFC0DE;
inline constexpr std::uint32_t version = 1;
inline constexpr std::uint64_t no_page = ~std::uint64_t{0};

enum PageFlag : std::uint16_t { branch = 0x01, leaf = 0x02, overflow = 0x04, meta = 0x08 };
enum NodeFlag : std::uint16_t { big = 0x01 };
inline constexpr std::uint16_t integer_key = 0x08;  // flag of the free tree

inline std::uint64_t number(const std::byte* page) {
  return load<std::uint64_t>(page);
}
inline std::uint16_t flags(const std::byte* page) {
  return load<std::uint16_t>(page + 10);
}
inline std::uint16_t lower(const std::byte* page) {
  return load<std::uint16_t>(page + 12);
}
inline std::uint16_t upper(const std::byte* page) {
  return load<std::uint16_t>(page + 14);
}
inline std::uint32_t run_length(const std::byte* page) {
  return load<std::uint32_t>(page + 12);
}
inline std::size_t node_count(const std::byte* page) {
  return (lower(page) - header_bytes) / 2u;
}
inline std::uint16_t node_offset(const std::byte* page, std::size_t index) {
  return load<std::uint16_t>(page + header_bytes + 2 * index);
}

struct Node {
  const std::byte* at;

  std::uint64_t low_word() const { return load<std::uint32_t>(at); }
  std::uint16_t flags() const { return load<std::uint16_t>(at + 4); }
  std::uint16_t key_size() const { return load<std::uint16_t>(at + 6); }
  const std::byte* key() const { return at + node_header_bytes; }
  const std::byte* data() const { return key() + key_size(); }
  std::uint64_t data_size() const { return low_word(); }
  std::uint64_t child() const { return low_word() | std::uint64_t{flags()} << 32; }
};

inline Node node(const std::byte* page, std::size_t index) {
  return {page + node_offset(page, index)};
}

struct Tree {
  std::uint32_t pad;
  std::uint16_t flags;
  std::uint16_t depth;
  std::uint64_t branch_pages;
  std::uint64_t leaf_pages;
  std::uint64_t overflow_pages;
  std::uint64_t entries;
  std::uint64_t root;
};
static_assert(sizeof(Tree) == 48);

struct Meta {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint64_t address;
  std::uint64_t map_size;
  Tree free;
  Tree main;
  std::uint64_t last_page;
  std::uint64_t transaction;
};
static_assert(sizeof(Meta) + header_bytes == meta_bytes);

inline Meta read_meta(const std::byte* page) {
  return load<Meta>(page + header_bytes);
}

/// Pages that a value of `size` bytes takes outside of its leaf.
inline std::uint64_t overflow_run(std::uint64_t size, std::uint64_t page_size) {
  return (header_bytes - 1 + size) / page_size + 1;
}

}  // namespace posthaste::persistence::lmdb_page
