/**
 * The party's page against real roles on a real broker: two parties in two browsers' contexts read what is asked, hand rows in, and see
 * the result. With MPC_PICTURES=docs/pictures the pictures of the README are written on the way.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { browserTest, STEP_MS } from '../support/browser.ts';
import { ROOT } from '../support/rows.ts';
import { barriersOn } from './axe.ts';
import { type Layout, layoutOf } from './layout.ts';
import { withReal } from './real.ts';

const TABLE = `CREATE TABLE payroll (
  level  TEXT          NOT NULL CHECK (level IN ('junior', 'senior', 'lead')),
  gender TEXT          NOT NULL CHECK (gender IN ('female', 'male')),
  years  INTEGER       NOT NULL CHECK (years BETWEEN 0 AND 40),
  salary DECIMAL(9, 2) NOT NULL CHECK (salary BETWEEN 0 AND 400000)
);
`;
const BY_GROUP = `${TABLE}
SELECT level, gender, COUNT(*) AS people, ROUND(AVG(salary), 2) AS average_salary
FROM payroll
GROUP BY level, gender
ORDER BY level, gender;
`;
const BY_YEARS = `${TABLE}
SELECT level, ROUND(REGR_SLOPE(salary, years), 2) AS slope, ROUND(REGR_INTERCEPT(salary, years), 2) AS intercept,
       MIN(salary) AS lowest, ROUND(AVG(salary), 2) AS average, MAX(salary) AS highest
FROM payroll
GROUP BY level
ORDER BY level;
`;

const JOINED = `CREATE TABLE staff (id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 999), team TEXT NOT NULL CHECK (team IN ('red', 'green')));
CREATE TABLE pay (id INTEGER NOT NULL CHECK (id BETWEEN 1 AND 999), wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9999));
SELECT COUNT(*) AS people, SUM(wage) AS paid FROM staff JOIN pay ON staff.id = pay.id WHERE team = 'red';
`;

const LEVELS = ['junior', 'senior', 'lead'] as const;
const HEADER = 'name,level,gender,years,salary';

/** Made-up people, the same every time; `name` is a column that nobody asks for. */
function csvOf(party: string, people: number): string {
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

const BAD = `${HEADER}
ann,junior,female,3,52000
bob,chief,male,4,61000
cid,senior,male,,58000.00
dee,lead,female,12,590000
eve,lead,female
`;

const upload = (name: string, text: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });

browserTest(
  'two parties read what is asked, one mends its file, and both see the result as chart and table',
  900_000,
  (browser) =>
    withReal(async ({ ask, cancel, pageOf }) => {
      const id = await ask(BY_GROUP, 'acme:payroll', 'beta:payroll');
      const acme = await openPage(browser, await pageOf('acme'));
      const beta = await openPage(browser, await pageOf('beta'));

      await acme.page.getByRole('link', { name: /A question over payroll/ }).waitFor();
      await looksWell(acme.page, 'all collaborations', undefined, 8);
      await acme.page.getByRole('link', { name: /A question over payroll/ }).click();
      await acme.page.getByRole('heading', { name: 'Who learns what' }).waitFor();
      assert.ok(!acme.page.url().includes('token'), 'the token does not stay in the address');
      await acme.page.getByText('a number, 2 decimals, from 0 to 400,000').waitFor();
      await acme.page
        .getByText('acme has not approved', { exact: false })
        .or(acme.page.getByText('acme, beta have not approved'))
        .first()
        .waitFor();
      const send = acme.page.getByRole('button', { name: 'Approve and send' });
      assert.ok(await send.isDisabled());
      await looksWell(acme.page, 'invitation');

      await acme.page.getByLabel(/Drop a CSV file/).setInputFiles(upload('payroll.csv', BAD));
      await acme.page.getByText('payroll.csv does not fit: 4 faults', { exact: false }).waitFor();
      const faults = await acme.page.getByRole('row').allInnerTexts();
      for (const [line, column] of [
        [3, 'level'],
        [4, 'years'],
        [5, 'salary'],
        [6, '–'],
      ])
        assert.ok(
          faults.some((text) => text.startsWith(`${line}\t${column}\t`)),
          `a fault in line ${line}, column ${column}: ${faults.join(' | ')}`,
        );
      await acme.page.getByRole('checkbox').check();
      assert.ok(await send.isDisabled(), 'a file that does not fit cannot be sent');
      await looksWell(acme.page, 'faults');

      await acme.page.getByLabel(/Drop a CSV file/).setInputFiles(upload('payroll.csv', csvOf('acme', 42)));
      await acme.page.getByText('payroll.csv fits: 42 rows').waitFor();
      await acme.page.getByText('Nobody asked for the column name: left out.').waitFor();
      await looksWell(acme.page, 'preview', 'Your rows');
      assert.deepEqual(acme.changes, [], 'nothing was approved or handed in so far');
      await send.click();
      await acme.page.getByText('beta has not approved', { exact: false }).waitFor();
      await looksWell(acme.page, 'progress');
      assert.equal(acme.changes.length, 1);

      await giveRowsByKeyboard(beta.page, 'beta', 37);
      for (const { page } of [acme, beta]) {
        await page.getByRole('heading', { name: 'The result' }).waitFor();
        await page.getByRole('img', { name: /Bars of average_salary/ }).waitFor();
      }
      assert.deepEqual(await tableOf(acme.page), await tableOf(beta.page));
      assert.deepEqual((await tableOf(acme.page))[1]?.slice(0, 3), [
        'junior',
        'female',
        expected('junior', 'female'),
      ]);
      await looksWell(acme.page, 'result', 'A question over payroll');
      await acme.page.getByRole('button', { name: 'Copy as CSV' }).click();
      await acme.page.getByText('Copied.').waitFor();
      assert.match(
        await acme.page.evaluate(() => navigator.clipboard.readText()),
        /^level,gender,people,average_salary\r\njunior,female,/,
      );

      // Only acme brings rows now; beta learns the result all the same.
      const second = await ask(BY_YEARS, 'acme:payroll');
      assert.notEqual(second, id);
      await giveRows(acme.page, 'acme', 42);
      await waiting(beta.page).click();
      await beta.page.getByRole('heading', { name: 'Your decision' }).waitFor();
      assert.equal(await beta.page.locator('input[type=file]').count(), 0);
      await beta.page.getByRole('checkbox').check();
      await beta.page.getByRole('button', { name: 'Approve', exact: true }).click();
      await beta.page.getByRole('img', { name: 'Line of salary by years', exact: false }).waitFor();
      assert.equal(await beta.page.locator('.point').count(), 0, "nobody else's rows");
      await acme.page.getByRole('img', { name: 'Line of salary by years', exact: false }).waitFor();
      assert.equal(await acme.page.locator('.point').count(), 42, 'the own rows, no others');
      await looksWell(acme.page, 'regression', 'A question over payroll');
      await acme.page.getByLabel('Show').selectOption({ label: 'lowest to highest' });
      await acme.page.getByRole('img', { name: /Ranges of lowest to highest/ }).waitFor();
      await looksWell(acme.page, 'ranges');

      await twoTables(acme.page, () => ask(JOINED, 'acme:staff', 'acme:pay'));
      const taken = await ask(BY_GROUP, 'acme:payroll', 'beta:payroll');
      await waiting(beta.page).click();
      await beta.page.getByRole('heading', { name: 'Your rows' }).waitFor();
      await cancel(taken);
      await beta.page.getByRole('heading', { name: 'It was taken back by its creator' }).waitFor();
      await looksWell(beta.page, 'taken back');
      for (const { faults: broken, context } of [acme, beta]) {
        assert.deepEqual(broken, [], 'no script failed, and nothing was asked of another host');
        await context.close();
      }
    }),
);

interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Scripts that failed, what the policy stopped, and requests to anybody but the party's own client. */
  readonly faults: string[];
  /** Requests that approve or hand in. */
  readonly changes: string[];
}

async function openPage(browser: Browser, address: string): Promise<Opened> {
  const { origin } = new URL(address);
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  context.setDefaultTimeout(STEP_MS);
  const page = await context.newPage();
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
const waiting = (page: Page, title = 'A question over payroll'): Locator =>
  page
    .getByRole('navigation')
    .getByRole('region', { name: 'Waiting for you' })
    .getByRole('link', { name: `${title} asked` });

/** Opens what waits for the party, and hands its rows in. */
async function giveRows(page: Page, party: string, people: number): Promise<void> {
  await waiting(page).click();
  await page.getByLabel(/Drop a CSV file/).setInputFiles(upload('rows.csv', csvOf(party, people)));
  await page.getByText(`rows.csv fits: ${people} rows`).waitFor();
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Approve and send' }).click();
  await page.getByRole('heading', { name: 'Your rows' }).waitFor({ state: 'detached' });
}

/** The same without a mouse: Tab comes to everything in the order of reading, and shows where it is. */
async function giveRowsByKeyboard(page: Page, party: string, people: number): Promise<void> {
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

async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let tabs = 0; tabs < MOST_TABS; tabs++) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`Tab never came to ${wanted}`);
}

/** One party brings two tables: each has its own file, and a single row of results is shown as values. */
async function twoTables(page: Page, ask: () => Promise<string>): Promise<void> {
  await ask();
  await waiting(page, 'A question over pay and staff').click();
  const send = page.getByRole('button', { name: 'Approve and send' });
  await page.getByRole('checkbox').check();
  await page.getByLabel(/for staff/).setInputFiles(upload('staff.csv', 'id,team\n1,red\n2,green\n1,red\n'));
  await page.getByText('staff.csv does not fit: 1 fault').waitFor();
  await page.getByLabel(/for pay /).setInputFiles(upload('pay.csv', 'id,wage\n1,300\n2,500\n3,900\n'));
  await page.getByText('pay.csv fits: 3 rows').waitFor();
  assert.ok(await send.isDisabled(), 'one file of two does not fit');
  await page.getByLabel(/for staff/).setInputFiles(upload('staff.csv', 'id,team\n1,red\n2,green\n3,red\n'));
  await page.getByText('staff.csv fits: 3 rows').waitFor();
  await send.click();
  await page.getByRole('heading', { name: 'The result' }).waitFor();
  await page.locator('dl.values').waitFor();
  assert.deepEqual(await page.locator('dl.values > div').allInnerTexts(), ['people\n2', 'paid\n1,200']);
  await looksWell(page, 'values');
}

async function tableOf(page: Page): Promise<string[][]> {
  const rows = await page
    .getByRole('region', { name: 'The result as a table' })
    .getByRole('row')
    .allInnerTexts();
  return rows.map((row) => row.split('\t'));
}

/** How many of both parties' people are in a group. */
function expected(level: string, gender: string): string {
  const lines = [csvOf('acme', 42), csvOf('beta', 37)].flatMap((text) => text.split('\n'));
  return String(lines.filter((line) => line.includes(`,${level},${gender},`)).length);
}

/** What is looked at beside a wide light window: narrow and dark is where most goes wrong. */
const VIEWS = [
  { width: 1280, height: 900, colorScheme: 'dark' },
  { width: 360, height: 780, colorScheme: 'light' },
  { width: 360, height: 780, colorScheme: 'dark' },
  { width: 1280, height: 900, colorScheme: 'light' },
] as const;

/** No fault of layout, wide and narrow, light and dark, and no barrier; a picture of what is at `heading` where one is wanted. */
async function looksWell(page: Page, name: string, heading?: string, least = 20): Promise<void> {
  for (const { colorScheme, ...size } of VIEWS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    const { texts, faults } = await settledLayout(page);
    assert.deepEqual(faults, [], `${name} at ${size.width} px, ${colorScheme}`);
    assert.ok(texts >= least, `expected to see texts on ${name}, saw ${texts}`);
    if (heading !== undefined) await picture(page, `${name}-${size.width}-${colorScheme}`, heading);
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

/** Kept for the README: these, one window each. */
const PICTURES: readonly string[] = [
  'preview-1280-light',
  'result-1280-light',
  'regression-1280-dark',
  'result-360-dark',
];

async function picture(page: Page, name: string, heading: string): Promise<void> {
  const folder = process.env.MPC_PICTURES;
  if (folder === undefined || !PICTURES.includes(name)) return;
  await page.evaluate((text) => {
    const headings = [...document.querySelectorAll('h1, h2')];
    headings.find((one) => one.textContent === text)?.scrollIntoView();
    window.scrollBy(0, text === 'Your rows' ? -24 : -1000);
  }, heading);
  await page.screenshot({ path: join(ROOT, folder, `party-${name}.png`) });
}
