/**
 * Owns `mpc demo`: the main job on made-up payrolls, in a directory of its own that is gone afterwards.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

const EMPLOYERS = ['acme', 'beta', 'gamma'];
/** From here, or from the bundle. */
const EXAMPLE = fileURLToPath(
  new URL(`${import.meta.url.endsWith('.ts') ? '../../' : '../'}examples/pay-gap/`, import.meta.url),
);

export async function demo(options: {
  readonly nats?: string;
  readonly brokerWait: number;
  readonly natsServer?: string;
  readonly json?: boolean;
}): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'mpc-demo-'));
  try {
    execFileSync(process.execPath, [join(EXAMPLE, 'generate.mjs'), data]);
    const input = EMPLOYERS.map((employer) => `${employer}=${join(data, `${employer}.csv`)}`);
    await run(join(EXAMPLE, 'query.sql'), { ...options, input, output: 'analyst', minGroup: 1 });
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
