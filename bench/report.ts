/**
 * Owns how the benchmark's table looks: a head with the machine's raw rates, a line for each work.
 */
import type { Figures } from './measure.ts';
import type { Rates } from './rates.ts';
import { slowness, TARGETS } from './targets.ts';

/** Widths of the columns after the work's name. */
const WIDTHS = [8, 8, 6, 8, 8, 8, 6, 10, 7, 10, 8, 6, 9];

export function head(rates: Rates, runs: number): void {
  const mib = (rate: number): string => `${(rate / 1024 / 1024).toFixed(0)} MiB/s`;
  process.stdout.write(
    `raw loopback TCP ${mib(rates.tcpBytesPerSecond)}, AES-128-CTR ${mib(rates.aes128CtrBytesPerSecond)}; online: median of ${runs} warm runs; SPDZ: MP-SPDZ with a dealer, and with three servers, scaled to these rates\n\n`,
  );
  write(
    'work',
    'online',
    'target',
    'met',
    'SPDZ',
    'SPDZ-3',
    'cold',
    'rounds',
    'bytes out',
    'x TCP',
    'tape',
    'deal',
    'x AES',
    'M/s dealt',
  );
}

export function line(
  { name, elements, rounds, bytesOnline, bytesTape, seconds }: Figures,
  rates: Rates,
): void {
  const target = TARGETS[name];
  const scale = slowness(rates);
  const scaled = (figure: number | undefined): string => (figure === undefined ? '-' : time(figure * scale));
  write(
    name,
    time(seconds.warm),
    target ? time(target.atMost) : '-',
    target ? (seconds.warm <= target.atMost ? 'yes' : `x ${(seconds.warm / target.atMost).toFixed(1)}`) : '-',
    scaled(target?.withDealer),
    scaled(target?.threeServers),
    time(seconds.cold),
    String(rounds),
    String(bytesOnline),
    (seconds.warm / (bytesOnline / rates.tcpBytesPerSecond)).toFixed(1),
    String(bytesTape),
    time(seconds.deal),
    (seconds.deal / (bytesTape / rates.aes128CtrBytesPerSecond)).toFixed(1),
    (elements / seconds.deal / 1e6).toFixed(1),
  );
}

/** Milliseconds below a tenth of a second. */
const time = (seconds: number): string =>
  seconds < 0.1 ? `${(1000 * seconds).toFixed(seconds < 0.01 ? 2 : 1)} ms` : `${seconds.toFixed(2)} s`;

function write(name: string, ...cells: readonly string[]): void {
  process.stdout.write(
    `${name.padEnd(36)}${cells.map((cell, at) => ` ${cell.padStart(WIDTHS[at] ?? 8)}`).join('')}\n`,
  );
}
