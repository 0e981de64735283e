/**
 * Owns `npm run bench:inspector`: what a frame costs the inspector's page while somebody scrubs through a run, beside an empty page.
 */
import type { Browser } from 'playwright-core';
import { withBrowser } from '../support/browser.ts';
import { EMPTY_PAGE, framesText, scrub } from './frames.ts';
import { withShown } from './made-up-run.ts';

const FRAMES = 200;

async function measure(browser: Browser, events: number): Promise<string> {
  return withShown(events, async (url) => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(url);
    await page.locator('.card').nth(3).waitFor();
    const text = framesText(await scrub(browser, page, FRAMES));
    await page.close();
    return text;
  });
}

await withBrowser(async (browser) => {
  process.stdout.write(
    'CPU milliseconds of a frame at 1440 x 900, median / 95th percentile; no graphics card\n',
  );
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.setContent(EMPTY_PAGE);
  process.stdout.write(`an empty page     ${framesText(await scrub(browser, page, FRAMES))}\n`);
  await page.close();
  for (const events of [500, 10_000])
    process.stdout.write(`${String(events).padStart(6)} events     ${await measure(browser, events)}\n`);
});
