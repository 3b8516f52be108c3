#pragma once

// What most sources include of the standard library, precompiled where POSTHASTE_PRECOMPILE is on. A source
// includes what it uses all the same: the dev and release trees compile without this file.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>
