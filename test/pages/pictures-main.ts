/**
 * Owns the inspector's pictures for the documents, in light and dark, from runs of the real executable that it records first; `npm run
 * pictures` then has tests of the party's page take the others. Must never draw anything that the page does not show.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { FeedRecord } from '../../src/inspect/records.ts';
import { type RecordedRun, readRun } from '../../src/inspect/run-file.ts';
import { withBrowser } from '../support/browser.ts';
import { mpc } from '../support/mpc.ts';
import { ROOT } from '../support/rows.ts';
import { withShown } from './made-up-run.ts';
import { open } from './opened.ts';
import { writePicture } from './webp.ts';

interface Picture {
  readonly name: string;
  readonly run: RecordedRun;
  readonly deployment: string;
  /** The place in the run. */
  readonly at: number;
  /** Keys pressed then. */
  readonly keys: readonly string[];
}

const EXAMPLE = join(ROOT, 'examples/pay-gap');

const directory = mkdtempSync(join(tmpdir(), 'mpc-pictures-'));
try {
  const [survey, election] = [await recordedSurvey(), await recordedElection()];
  const pictures: readonly Picture[] = [
    { name: 'inspector', run: survey, deployment: 'pay-gap', at: halfOf(survey), keys: [] },
    { name: 'inspector-closely', run: survey, deployment: 'pay-gap', at: waitingPlace(survey), keys: ['3'] },
    { name: 'inspector-election', run: election, deployment: 'demo', at: closingPlace(election), keys: [] },
  ];
  await withBrowser(async (browser) => {
    for (const picture of pictures)
      for (const colorScheme of ['light', 'dark'] as const) await take(browser, picture, colorScheme);
  });
} finally {
  rmSync(directory, { recursive: true });
}

async function recordedSurvey(): Promise<RecordedRun> {
  execFileSync(process.execPath, [join(EXAMPLE, 'generate.mjs'), directory]);
  const inputs = ['acme', 'beta', 'gamma'].flatMap((party) => [
    '--input',
    `${party}=${join(directory, `${party}.csv`)}`,
  ]);
  return recorded('survey', ['run', join(EXAMPLE, 'query.sql'), ...inputs]);
}

function recordedElection(): Promise<RecordedRun> {
  return recorded('election', ['election', 'demo', '--voters', '400', '--options', '4']);
}

async function recorded(name: string, args: readonly string[]): Promise<RecordedRun> {
  const file = join(directory, `${name}.ndjson`);
  const { code, stderr } = await mpc([...args, '--record', file]);
  if (code !== 0) throw new Error(stderr);
  return readRun(file);
}

/** In the middle of the computation. */
function halfOf({ records }: RecordedRun): number {
  const computes = (key: 'from' | 'to') => (record: FeedRecord) =>
    record.kind === 'moved' && record[key].includes('compute.running');
  const [began, ended] = [records.findLastIndex(computes('to')), records.findIndex(computes('from'))];
  return found(Math.floor((found(began) + ended) / 2));
}

/** server-a waits for rows, and has its tape already. */
function waitingPlace({ records }: RecordedRun): number {
  return found(
    records.findIndex(
      (record) =>
        record.kind === 'moved' &&
        record.role === 'server-a' &&
        record.to.includes('init.inputs.waitingForInputs') &&
        record.to.includes('init.randomness.ready'),
    ),
  );
}

/** One server after the other boxes what it holds. */
function closingPlace({ records }: RecordedRun): number {
  return found(
    records.findLastIndex((record) => record.kind === 'moved' && record.to.includes('closing.flushing')),
  );
}

function found(place: number): number {
  if (place < 0) throw new Error('the run has no such place');
  return place;
}

async function take(
  browser: Browser,
  { name, run, deployment, at, keys }: Picture,
  colorScheme: 'light' | 'dark',
): Promise<void> {
  await withShown(
    run.records,
    async (url) => {
      const { page, faults } = await open(browser, url, colorScheme, 2);
      await page.locator('.card').nth(3).waitFor();
      await page.locator('input[type=range]').fill(String(at));
      for (const key of keys) await page.keyboard.press(key);
      await page.evaluate('document.activeElement?.blur()');
      await page.evaluate('document.fonts.ready.then(() => new Promise(requestAnimationFrame))');
      await writePicture(page, 'docs/pictures', `${name}-${colorScheme}.webp`);
      if (faults.length > 0) throw new Error(faults.join('\n'));
      await page.close();
    },
    deployment,
  );
}
