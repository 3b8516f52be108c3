// Writes the same spans, logs and metrics twice, by OpenTelemetry's own encoders: as JSON and as protobuf.
// encode_otlp.js <folder>: <folder>/<signal>.json and <signal>.pb
import { writeFileSync } from "node:fs";
import { SpanKind, SpanStatusCode, ValueType, trace } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { AggregationType, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const folder = process.argv[2];
const resource = resourceFromAttributes({ "service.name": "peer", "service.version": "1.2", ports: [80, 443] });
const everyType = {
  text: "größer \u0000\u2028\ud83d\ude80",
  whole: -42,
  large: 2 ** 53,
  real: 0.1,
  truth: true,
  texts: ["a", "b"],
  wholes: [1, 2, 3],
  reals: [0.5, 1e300],
  truths: [true, false],
  empty: [],
};
const start = 1767225600;
const at = (seconds, nanos = 0) => [start + seconds, nanos];

function write(name, json, protobuf) {
  writeFileSync(`${folder}/${name}.json`, json);
  writeFileSync(`${folder}/${name}.pb`, protobuf);
}

function spans() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("peer", "9");
  const link = { context: { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 }, attributes: everyType };
  for (const kind of Object.values(SpanKind).filter((value) => typeof value === "number")) {
    const span = tracer.startSpan(`kind ${kind}`, { kind, attributes: everyType, links: [link], startTime: at(0, 1) });
    const parent = trace.setSpan(trace.deleteSpan({ getValue: () => undefined, setValue() { return this; }, deleteValue() { return this; } }), span);
    tracer.startSpan("child", { startTime: at(0, 5) }, parent).end(at(1, 123456789));
    span.addEvent("event", everyType, at(1, 7));
    span.recordException(new RangeError("too far"), at(1, 8));
    span.setStatus({ code: kind % 3, message: kind % 3 === SpanStatusCode.ERROR ? "failed" : undefined });
    span.end(at(2, 999999999));
  }
  const finished = exporter.getFinishedSpans();
  write("traces", JsonTraceSerializer.serializeRequest(finished), ProtobufTraceSerializer.serializeRequest(finished));
}

function logRecords() {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger("peer");
  const bodies = ["text", 7, 2.5, true, ["a", 1, null], { a: { b: [1, "c"] } }, new Uint8Array([0, 1, 254, 255]), undefined];
  for (const [index, body] of bodies.entries()) {
    logger.emit({
      body,
      attributes: { ...everyType, map: { deep: { er: [1] } }, bytes: new Uint8Array([1, 2, 255]) },
      severityNumber: SeverityNumber.TRACE + 3 * index,
      severityText: "LEVEL",
      eventName: index % 2 ? "peer.event" : undefined,
      timestamp: at(index),
      observedTimestamp: at(index, 5),
    });
  }
  const finished = exporter.getFinishedLogRecords();
  write("logs", JsonLogsSerializer.serializeRequest(finished), ProtobufLogsSerializer.serializeRequest(finished));
}

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

async function points() {
  const reader = new Reader({
    aggregationSelector: (type) =>
      type === "HISTOGRAM" ? { type: AggregationType.DEFAULT } : { type: AggregationType.DEFAULT },
  });
  const provider = new MeterProvider({
    resource,
    readers: [reader],
    views: [{ instrumentName: "exponential", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  });
  const meter = provider.getMeter("peer", "9");
  meter.createCounter("counter", { unit: "1", description: "counts", valueType: ValueType.INT }).add(3, everyType);
  meter.createUpDownCounter("updown").add(-2.5, { key: "value" });
  meter.createObservableGauge("gauge").addCallback((result) => result.observe(21.25, { room: "a" }));
  for (const name of ["histogram", "exponential"]) {
    const instrument = meter.createHistogram(name);
    for (const value of [0, 0.001, 1, 7, 10_000]) instrument.record(value, { key: "value" });
  }
  const { resourceMetrics } = await reader.collect();
  write("metrics", JsonMetricsSerializer.serializeRequest(resourceMetrics), ProtobufMetricsSerializer.serializeRequest(resourceMetrics));
}

spans();
logRecords();
await points();
process.exit(0);
