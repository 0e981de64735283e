/**
 * Owns how one metric is read from what somebody else counts: gauges and counters, alone or by a label whose values are few.
 */
import { Counter, Gauge, type Registry } from 'prom-client';

/** Kinds of trouble that get a series of their own; a peer that invents codes must not invent series. */
const MOST_REASONS = 100;
const REASON = /^[a-z][a-z-]{0,31}(\.[a-z][a-z-]{0,47})?$/;

type Reading = number | undefined | Promise<number | undefined>;

/** Absent where nothing can be read. */
export function gauge(registry: Registry, name: string, help: string, read: () => Reading): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}

/** Somebody else counts: what is read is the total. */
export function counter(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | undefined,
): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read() ?? 0);
    },
  });
}

/** How many there are of each kind: a label of that name. */
export function gauges(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  kinds: () => readonly string[],
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const kind of kinds()) this.inc({ [label]: kind });
    },
  });
}

/** Somebody else counts, by reason. */
export function counters(
  registry: Registry,
  name: string,
  help: string,
  counts: () => ReadonlyMap<string, number>,
): void {
  new Counter({
    name,
    help,
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of boundedReasons(counts())) this.inc({ reason }, count);
    },
  });
}

/** The first kinds that came; all others together are `other`. */
function boundedReasons(troubles: ReadonlyMap<string, number>): Map<string, number> {
  const reasons = new Map<string, number>();
  for (const [code, count] of troubles) {
    const reason = reasons.size < MOST_REASONS && REASON.test(code) ? code : 'other';
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return reasons;
}
