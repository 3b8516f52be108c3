#pragma once

/// Everything of Posthaste but <posthaste/testing.h> and <posthaste/local_sink.h>.

#include <posthaste/carrier.h>
#include <posthaste/meter.h>
#include <posthaste/propagation.h>
#include <posthaste/sampler.h>
#include <posthaste/telemetry.h>
