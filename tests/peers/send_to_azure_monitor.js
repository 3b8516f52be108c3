// Sends traces, logs and metrics through Microsoft's own distribution, as its users do; prints what it sent.
import { shutdownAzureMonitor, useAzureMonitor } from "@azure/monitor-opentelemetry";
import { SpanKind, SpanStatusCode, context, metrics, trace } from "@opentelemetry/api";
import { SeverityNumber, logs } from "@opentelemetry/api-logs";

const requests = 40;

useAzureMonitor({
  azureMonitorExporterOptions: {
    connectionString: process.env.PEER_CONNECTION_STRING,
    disableOfflineStorage: true,
  },
  samplingRatio: 1,
  tracesPerSecond: 0, // or five a second would be left
  enableLiveMetrics: false,
  enablePerformanceCounters: true,
  enableStandardMetrics: true,
});

const tracer = trace.getTracer("peer");
const logger = logs.getLogger("peer");
const meter = metrics.getMeter("peer");
const orders = meter.createCounter("peer.orders", { unit: "{order}" });
const amounts = meter.createHistogram("peer.amounts", { unit: "EUR" });
const depth = meter.createUpDownCounter("peer.depth");
meter.createObservableGauge("peer.temperature").addCallback((result) => result.observe(21.5));

function dependencies(index) {
  const query = tracer.startSpan("SELECT orders", {
    kind: SpanKind.CLIENT,
    attributes: {
      "db.system.name": "postgresql",
      "db.namespace": "shop",
      "db.query.text": "SELECT * FROM orders WHERE note = 'größer \u2028 \ud83d\ude80'",
      "server.address": "db1",
    },
  });
  query.end();
  const call = tracer.startSpan("POST", {
    kind: SpanKind.CLIENT,
    attributes: {
      "http.request.method": "POST",
      "url.full": "https://pay.example.com:8443/charge?amount=5",
      "server.address": "pay.example.com",
      "server.port": 8443,
      "http.response.status_code": index % 10 === 0 ? 503 : 200,
    },
  });
  if (index % 10 === 0) {
    call.recordException(new TypeError("payment refused"));
    call.setStatus({ code: SpanStatusCode.ERROR, message: "payment refused" });
  }
  call.addEvent("retry", { attempt: 1, list: ["a", "b"] });
  call.end();
  tracer.startSpan("orders publish", { kind: SpanKind.PRODUCER }).end();
  tracer.startSpan("compute", { attributes: { long: "x".repeat(20000) } }).end();
}

for (let index = 0; index < requests; ++index) {
  const span = tracer.startSpan("GET /orders/:id", {
    kind: index % 8 === 0 ? SpanKind.CONSUMER : SpanKind.SERVER,
    attributes: {
      "http.request.method": "GET",
      "http.route": "/orders/:id",
      "url.scheme": "https",
      "url.path": `/orders/${index}`,
      "http.response.status_code": 200,
      "user_agent.original": "peer/1",
      "client.address": "203.0.113.9",
    },
    links: [{ context: { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 } }],
  });
  context.with(trace.setSpan(context.active(), span), () => {
    dependencies(index);
    logger.emit({ severityNumber: SeverityNumber.WARN, body: `order ${index} is late`, attributes: { index } });
    logger.emit({ body: { event: "map", nested: { index } } });
    logger.emit({ attributes: { "microsoft.custom_event.name": "OrderSeen", index } });
    logger.emit({
      severityNumber: SeverityNumber.ERROR,
      attributes: { "exception.type": "Late", "exception.message": "late", "exception.stacktrace": "Late: late\n at x" },
    });
    orders.add(1, { country: index % 2 === 0 ? "CH" : "DE" });
    amounts.record(12.5 * index);
    depth.add(index % 3 === 0 ? -1 : 1);
  });
  span.end();
}

await shutdownAzureMonitor();
console.log(
  JSON.stringify({
    Request: requests,
    RemoteDependency: 4 * requests,
    // `retry` and two of the logs; the fourth log and the recorded exception are exceptions.
    Message: 3 * requests,
    Event: requests,
    Exception: requests + requests / 10,
    metrics: ["peer.orders", "peer.amounts", "peer.depth", "peer.temperature"],
  }),
);
process.exit(0);
