/**
 * Owns a real browser for tests of pages: Debian's Chromium, with a profile of its own that is removed with it. Must never fetch a browser,
 * nor fail where there is none: such tests are skipped, and say so.
 */
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = process.env.MPC_CHROMIUM ?? '/usr/bin/chromium';

/** Nothing that asks outside hosts, or that containers lack. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Of one step on a page, on a machine that is slow and busy. */
export const STEP_MS = 240_000;

/** Starts the browser, headless, in a new empty profile; ends it after `act`. */
export async function withBrowser(act: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: STEP_MS });
  try {
    await act(browser);
  } finally {
    await browser.close();
  }
}

/** A test that needs the browser; skipped with the reason where there is none. */
export function browserTest(name: string, timeoutMs: number, act: (browser: Browser) => Promise<void>): void {
  const skip = existsSync(CHROMIUM)
    ? false
    : `there is no ${CHROMIUM}: apt-get install chromium, or set MPC_CHROMIUM`;
  test(name, { timeout: timeoutMs, skip }, () => withBrowser(act));
}
