/**
 * Owns `npm run bench:inspector`: what a frame costs the inspector's page while somebody scrubs through a run, beside an empty page.
 * Names of files are recorded runs, measured as well.
 */
import type { Browser, Page } from 'playwright-core';
import { readRun } from '../../src/inspect/run-file.ts';
import { withBrowser } from '../support/browser.ts';
import { EMPTY_PAGE, framesText, scrub } from './frames.ts';
import { madeUp, withShown } from './made-up-run.ts';

const FRAMES = 200;
const VIEW = { viewport: { width: 1440, height: 900 } };
const RUNS = [
  ...[500, 10_000].map((events) => ({ name: `${events} events, made up`, records: madeUp(events) })),
  ...process.argv.slice(2).map((file) => ({ name: file, records: readRun(file).records })),
];

async function measured(
  browser: Browser,
  name: string,
  fill: (page: Page) => Promise<unknown>,
): Promise<void> {
  const page = await browser.newPage(VIEW);
  await fill(page);
  process.stdout.write(`${name.padEnd(24)} ${framesText(await scrub(browser, page, FRAMES))}\n`);
  await page.close();
}

await withBrowser(async (browser) => {
  process.stdout.write(
    'CPU milliseconds of a frame at 1440 x 900, median / 95th percentile; no graphics card\n',
  );
  await measured(browser, 'an empty page', (page) => page.setContent(EMPTY_PAGE));
  for (const { name, records } of RUNS)
    await withShown(records, (url) =>
      measured(browser, name, async (page) => {
        await page.goto(url);
        await page.locator('.card').nth(3).waitFor();
      }),
    );
});
