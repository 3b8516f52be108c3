#pragma once

// What nearly every test includes, precompiled by posthaste_precompile_tests(). A test includes what it uses
// all the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/precompiled_standard.h"

#include <filesystem>
#include <random>
