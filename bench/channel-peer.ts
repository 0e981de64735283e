/**
 * Owns one of the two processes of `bench/channel.ts`: it opens every link, and measures on the one it is told.
 */
import { LIMITS } from '../src/base/limits.ts';
import { type ChannelPeerSetup, type Link, type LinkName, openLinks } from './links.ts';
import { median } from './processes.ts';

export type Measurement =
  /** So many messages of `bytes` each way, one after the other. */
  | { readonly kind: 'rounds'; readonly count: number; readonly bytes: number }
  /** So many bytes each way at once. */
  | { readonly kind: 'bulk'; readonly bytes: number };

export interface Measured {
  readonly ms: number;
  /** What this process worked for it, in ms of one core: other people's load changes it less. */
  readonly cpuMs: number;
  /** Of one round. */
  readonly p50?: number;
  readonly p90?: number;
}

process.once('message', (setup: ChannelPeerSetup) => void main(setup));
process.once('disconnect', () => process.exit());

async function main(setup: ChannelPeerSetup): Promise<void> {
  const links = await openLinks(setup);
  process.on('message', ({ link, measurement }: { link: LinkName; measurement: Measurement }) =>
    measure(links[link], measurement).then((measured) => process.send?.(measured)),
  );
  process.send?.('ready');
}

async function measure(link: Link, measurement: Measurement): Promise<Measured> {
  const whole = measurement.kind === 'bulk' ? new Uint8Array(measurement.bytes).fill(1) : new Uint8Array(0);
  await round(link, new Uint8Array(8)); // both are here
  const before = process.cpuUsage();
  const times = measurement.kind === 'rounds' ? await rounds(link, measurement) : await bulk(link, whole);
  const { user, system } = process.cpuUsage(before);
  return { ...times, cpuMs: (user + system) / 1000 };
}

async function round(link: Link, message: Uint8Array): Promise<void> {
  link.send(message);
  await link.receive(message.length);
}

type Times = Omit<Measured, 'cpuMs'>;

async function rounds(link: Link, { count, bytes }: { count: number; bytes: number }): Promise<Times> {
  const message = new Uint8Array(bytes);
  const times: number[] = [];
  const startedMs = performance.now();
  for (let before = startedMs; times.length < count; ) {
    await round(link, message);
    const now = performance.now();
    times.push(now - before);
    before = now;
  }
  const ms = performance.now() - startedMs;
  const sorted = times.sort((a, b) => a - b);
  return { ms, p50: median(sorted), p90: sorted[Math.floor(0.9 * count)]! };
}

async function bulk(link: Link, whole: Uint8Array): Promise<Times> {
  const startedMs = performance.now();
  for (let at = 0; at < whole.length; at += LIMITS.chunkBytes)
    link.send(whole.subarray(at, at + LIMITS.chunkBytes));
  await link.receive(whole.length);
  return { ms: performance.now() - startedMs };
}
