#pragma once

/// `POSTHASTE_API` marks what the shared library exports; everything else is hidden.

#define POSTHASTE_API __attribute__((visibility("default")))
