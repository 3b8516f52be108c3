#include "runtime/arena/scopes.h"

#include <atomic>
#include <cstring>

namespace posthaste::arena {
namespace {

constexpr std::uint32_t most_scopes = 1023;
constexpr std::size_t text_limit = 1024;

struct Table {
  std::uint32_t count;
  std::uint32_t used;  // bytes of texts
  std::array<std::uint32_t, most_scopes> offsets;
  std::uint32_t padding;
};
constexpr std::uint32_t texts_begin = sizeof(Table);
static_assert(texts_begin % 8 == 0);

struct Sizes {
  std::uint16_t name;
  std::uint16_t version;
  std::uint16_t schema_url;
  std::uint16_t padding;
};

Table& table_of(const Arena& arena) noexcept {
  return *reinterpret_cast<Table*>(arena.scopes().data());
}

std::uint32_t count_of(Table& table) noexcept {
  return std::min(std::atomic_ref(table.count).load(std::memory_order_acquire), most_scopes);
}

}  // namespace

Scope scope_at(const Arena& arena, std::uint16_t index) noexcept {
  Table& table = table_of(arena);
  if (index == 0 || index > count_of(table)) return {};
  const std::uint32_t offset = table.offsets[index - 1u];
  if (offset < texts_begin || offset > scope_table_size - sizeof(Sizes)) return {};
  const std::byte* const at = arena.scopes().data() + offset;
  Sizes sizes;
  std::memcpy(&sizes, at, sizeof sizes);
  const std::size_t all = std::size_t{sizes.name} + sizes.version + sizes.schema_url;
  if (all > scope_table_size - offset - sizeof sizes) return {};
  const char* const text = reinterpret_cast<const char*>(at + sizeof sizes);
  return {{text, sizes.name},
          {text + sizes.name, sizes.version},
          {text + sizes.name + sizes.version, sizes.schema_url}};
}

std::uint16_t ScopeTable::intern(const Scope& given) {
  const Scope scope{given.name.substr(0, text_limit), given.version.substr(0, text_limit),
                    given.schema_url.substr(0, text_limit)};
  if (scope == Scope{}) return 0;
  const std::lock_guard lock(mutex_);
  Table& table = table_of(arena_);
  const std::uint32_t count = count_of(table);
  for (std::uint32_t i = 1; i <= count; ++i) {
    if (scope_at(arena_, static_cast<std::uint16_t>(i)) == scope) {
      return static_cast<std::uint16_t>(i);
    }
  }
  const std::size_t text = scope.name.size() + scope.version.size() + scope.schema_url.size();
  const std::size_t size = (sizeof(Sizes) + text + 7) / 8 * 8;
  if (count == most_scopes || size > scope_table_size - texts_begin - table.used) {
    full_ = true;
    return 0;
  }
  const std::uint32_t offset = texts_begin + table.used;
  std::byte* at = arena_.scopes().data() + offset;
  const Sizes sizes{static_cast<std::uint16_t>(scope.name.size()),
                    static_cast<std::uint16_t>(scope.version.size()),
                    static_cast<std::uint16_t>(scope.schema_url.size()), 0};
  std::memcpy(at, &sizes, sizeof sizes);
  at += sizeof sizes;
  for (const std::string_view part : {scope.name, scope.version, scope.schema_url}) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  table.offsets[count] = offset;
  table.used += static_cast<std::uint32_t>(size);
  std::atomic_ref(table.count).store(count + 1, std::memory_order_release);
  return static_cast<std::uint16_t>(count + 1);
}

bool ScopeTable::full() const noexcept {
  const std::lock_guard lock(mutex_);
  return full_;
}

}  // namespace posthaste::arena
