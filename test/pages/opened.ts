/**
 * Owns the inspector's page as tests open it: what it complains of, and whom it asks, is kept.
 */
import type { Browser } from 'playwright-core';

export async function open(
  browser: Browser,
  url: string,
  colorScheme: 'light' | 'dark' = 'dark',
  deviceScaleFactor = 1,
) {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    colorScheme,
    deviceScaleFactor,
    reducedMotion: 'reduce',
  });
  const [faults, strangers]: [string[], string[]] = [[], []];
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin)) strangers.push(request.url());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  // The tests' compiler names functions by a helper that a page does not have.
  await page.addInitScript('globalThis.__name = (named) => named');
  await page.goto(url);
  return { page, faults, strangers };
}
