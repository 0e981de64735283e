/**
 * Owns what tests of the party's page do again and again: opening it for a party, handing rows in, by mouse or keyboard, and looking at
 * what is shown. With MPC_PICTURES=docs/pictures (`npm run pictures`) the pictures of the documents are written on the way.
 */
import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { STEP_MS } from '../support/browser.ts';
import { barriersOn } from './axe.ts';
import { type Layout, layoutOf } from './layout.ts';
import { writePicture } from './webp.ts';

export const TABLE = `CREATE TABLE payroll (
  level  TEXT          NOT NULL CHECK (level IN ('junior', 'senior', 'lead')),
  gender TEXT          NOT NULL CHECK (gender IN ('female', 'male')),
  years  INTEGER       NOT NULL CHECK (years BETWEEN 0 AND 40),
  salary DECIMAL(9, 2) NOT NULL CHECK (salary BETWEEN 0 AND 400000)
);
`;
export const BY_GROUP = `${TABLE}
SELECT level, gender, COUNT(*) AS people, ROUND(AVG(salary), 2) AS average_salary
FROM payroll
GROUP BY level, gender
ORDER BY level, gender;
`;
const LEVELS = ['junior', 'senior', 'lead'] as const;
export const HEADER = 'name,level,gender,years,salary';

/** Made-up people, the same every time; `name` is a column that nobody asks for. */
export function csvOf(party: string, people: number): string {
  const rows = Array.from({ length: people }, (_, at) => {
    const level = at % 3;
    const years = 2 + ((at * 7) % 23);
    const salary =
      41_000 +
      17_500 * level +
      830 * years +
      ((at * 1931) % 6100) -
      (at % 2) * 2400 +
      (party === 'acme' ? 0 : 3200);
    return `${party}-${at},${LEVELS[level]},${at % 2 === 0 ? 'male' : 'female'},${years},${salary}.50`;
  });
  return `${[HEADER, ...rows].join('\n')}\n`;
}

export const upload = (name: string, text: string) => ({
  name,
  mimeType: 'text/csv',
  buffer: Buffer.from(text),
});

interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Scripts that failed, what the policy stopped, and requests to anybody but the party's own client. */
  readonly faults: string[];
  /** Requests that approve or hand in. */
  readonly changes: string[];
}

/** Adds to a failure what the pages show. */
export async function seen(browser: Browser, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const texts = await Promise.all(
      browser
        .contexts()
        .flatMap((context) => context.pages())
        .map((page) => page.locator('body').innerText({ timeout: STEP_MS })),
    );
    throw new Error(`${error instanceof Error ? error.stack : String(error)}\n${texts.join('\n----\n')}`);
  }
}

export async function openPage(browser: Browser, address: string): Promise<Opened> {
  const { origin } = new URL(address);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  context.setDefaultTimeout(STEP_MS);
  const page = await context.newPage();
  // Choosers are listened for from the start: a key that opens one may be faster than the browser hears that it is waited for.
  page.on('filechooser', () => {});
  const [faults, changes]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(request.url());
    if (/\/(secrets|approve)\//.test(request.url()) && request.method() !== 'GET')
      changes.push(request.url());
  });
  await page.goto(address);
  return { context, page, faults, changes };
}

/** The one collaboration of that name that waits for the party. */
export const waiting = (page: Page, title = 'A question over payroll'): Locator =>
  page
    .getByRole('navigation')
    .getByRole('region', { name: 'Waiting for you' })
    .getByRole('link', { name: `${title} asked` });

/** Opens what waits for the party, and hands its rows in. */
export async function giveRows(page: Page, party: string, people: number): Promise<void> {
  await waiting(page).click();
  await page.getByLabel(/Drop a CSV file/).setInputFiles(upload('rows.csv', csvOf(party, people)));
  await page.getByText(`rows.csv fits: ${people} rows`).waitFor();
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Approve and send' }).click();
  await page.getByRole('heading', { name: 'Your rows' }).waitFor({ state: 'detached' });
}

/** The same without a mouse: Tab comes to everything in the order of reading, and shows where it is. */
export async function giveRowsByKeyboard(page: Page, party: string, people: number): Promise<void> {
  await tabTo(page, waiting(page));
  await page.keyboard.press('Enter');
  const file = page.getByLabel(/Drop a CSV file/);
  await file.waitFor({ state: 'attached' });
  await tabTo(page, file);
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(upload('rows.csv', csvOf(party, people)));
  await page.getByText(`rows.csv fits: ${people} rows`).waitFor();
  await tabTo(page, page.getByRole('checkbox'));
  await page.keyboard.press('Space');
  const send = page.getByRole('button', { name: 'Approve and send' });
  await tabTo(page, send);
  assert.notEqual(
    await send.evaluate((button) => getComputedStyle(button).outlineStyle),
    'none',
    'focus is seen',
  );
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your rows' }).waitFor({ state: 'detached' });
}

/** More stops than the page has. */
const MOST_TABS = 40;

export async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let tabs = 0; tabs < MOST_TABS; tabs++) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`Tab never came to ${wanted}`);
}

/** What is looked at beside a wide light window: narrow and dark is where most goes wrong. */
const VIEWS = [
  { width: 1280, height: 900, colorScheme: 'dark' },
  { width: 360, height: 780, colorScheme: 'light' },
  { width: 360, height: 780, colorScheme: 'dark' },
  { width: 1280, height: 900, colorScheme: 'light' },
] as const;

/** No fault of layout, wide and narrow, light and dark, and no barrier; a picture of what is at `heading` where one is wanted. */
export async function looksWell(page: Page, name: string, heading?: string, least = 20): Promise<void> {
  for (const { colorScheme, ...size } of VIEWS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    const { texts, faults } = await settledLayout(page);
    assert.deepEqual(faults, [], `${name} at ${size.width} px, ${colorScheme}`);
    assert.ok(texts >= least, `expected to see texts on ${name}, saw ${texts}`);
    if (heading !== undefined && size.width > 1000) await picture(page, name, colorScheme, heading);
  }
  assert.deepEqual(await barriersOn(page), [], name);
}

/** Charts are drawn anew for another width: what is wrong for a few frames only is no fault. */
async function settledLayout(page: Page): Promise<Layout> {
  for (let frames = 0; ; frames += 2) {
    const layout = await layoutOf(page);
    if (layout.faults.length === 0 || frames >= MOST_FRAMES) return layout;
    await page.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    );
  }
}

const MOST_FRAMES = 120;

/** Kept for the documents, each in light and dark. */
const PICTURES: readonly string[] = ['preview', 'regression', 'messages'];

async function picture(page: Page, name: string, scheme: string, heading: string): Promise<void> {
  const folder = process.env.MPC_PICTURES;
  if (folder === undefined || !PICTURES.includes(name)) return;
  await page.evaluate((text) => {
    const headings = [...document.querySelectorAll('h1, h2')];
    const found = headings.find((one) => one.textContent === text);
    found?.scrollIntoView();
    window.scrollBy(0, found?.tagName === 'H1' ? -1000 : -24);
  }, heading);
  await writePicture(page, folder, `party-${name}-${scheme}.webp`);
}
