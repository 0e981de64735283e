/**
 * Owns `npm run bench -- --scale`: cost against rows for typical queries, from a thousand rows up to what each kind is made for,
 * as the table and the picture in docs/PERFORMANCE.md. The text around them is written by hand; only what lies
 * between its two marks is replaced.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawing, type Series } from './drawing.ts';
import { Laboratory } from './measure.ts';
import { measureRates } from './rates.ts';
import { SCALED } from './scaled-queries.ts';

const DOCS = join(import.meta.dirname, '..', 'docs');
const TEXT = join(DOCS, 'PERFORMANCE.md');
const PICTURE = join(DOCS, 'performance.svg');
const MARKS = ['<!-- measured: begin -->', '<!-- measured: end -->'] as const;
/** Short runs are repeated more often: their code gets warm later. */
const warmRuns = (rows: number): number => (rows > 100_000 ? 2 : 9);
const MIB = 1024 * 1024;

export async function drawScale(): Promise<void> {
  const rates = await measureRates();
  const laboratory = await Laboratory.open();
  const lines: string[] = [];
  const series: Series[] = [];
  try {
    for (const { name, sizes, workload } of SCALED) {
      const points: { rows: number; seconds: number }[] = [];
      for (const rows of sizes) {
        const { rounds, bytesOnline, bytesTape, seconds, peakBytes } = await laboratory.measure(
          await workload(rows),
          warmRuns(rows),
        );
        points.push({ rows, seconds: seconds.warm });
        const line = `| ${name} | ${rows.toLocaleString('en')} | ${rounds} | ${seconds.deal.toFixed(3)} | ${seconds.warm.toFixed(3)} | ${((1e6 * seconds.warm) / rows).toFixed(2)} | ${(bytesOnline / rows).toFixed(0)} | ${(bytesTape / rows).toFixed(0)} | ${(peakBytes / MIB).toFixed(0)} |`;
        process.stdout.write(`${line}\n`);
        lines.push(line);
      }
      series.push({ name, points });
    }
  } finally {
    await laboratory.close();
  }
  const { tcpBytesPerSecond, aes128CtrBytesPerSecond } = rates;
  const table = [
    `Raw rates of the same minutes: loopback TCP ${(tcpBytesPerSecond / MIB).toFixed(0)} MiB/s, AES-128-CTR ${(aes128CtrBytesPerSecond / MIB).toFixed(0)} MiB/s. Node ${process.version}.`,
    '',
    '| query | rows | rounds | dealing, s | online, s | online, µs a row | bytes out a row | tape bytes a row | peak MiB of a server |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n');
  writeFileSync(PICTURE, drawing(series));
  writeFileSync(TEXT, replaced(readFileSync(TEXT, 'utf8'), table));
}

function replaced(text: string, measured: string): string {
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin)
    throw new Error(`${TEXT} has lost its marks ${MARKS.join(' and ')}`);
  return `${text.slice(0, begin + MARKS[0].length)}\n${measured}\n${text.slice(end)}`;
}
