#pragma once

/// Everything of Posthaste but <posthaste/testing.h>.

#include <posthaste/carrier.h>
#include <posthaste/meter.h>
#include <posthaste/propagation.h>
#include <posthaste/sampler.h>
#include <posthaste/telemetry.h>
