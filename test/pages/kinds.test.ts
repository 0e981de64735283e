/**
 * The party's page with questions of other kinds, against real roles: a party that only learns, lines and ranges, several tables of one
 * party, single values, a circuit, and a question that is taken back.
 */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { packCircuit } from '../../src/circuits/packed.ts';
import type { Program } from '../../src/programs/program.ts';
import { browserTest } from '../support/browser.ts';
import { adder, meaningOf } from '../support/circuits.ts';
import { BY_GROUP, giveRows, looksWell, openPage, seen, TABLE, upload, waiting } from './parties.ts';
import { withReal } from './real.ts';

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

browserTest(
  'who only learns approves without rows; lines, ranges and single values are shown, and what was taken back says so',
  900_000,
  (browser) =>
    withReal(({ ask, cancel, pageOf }) =>
      seen(browser, async () => {
        const acme = await openPage(browser, await pageOf('acme'));
        const beta = await openPage(browser, await pageOf('beta'));
        // Only acme brings rows; beta learns the result all the same.
        await ask(BY_YEARS, 'acme:payroll');
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
        await circuit({ acme: acme.page, beta: beta.page }, (program) =>
          ask(program, 'acme:input-1:3', 'beta:input-2:3'),
        );
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
    ),
);

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

const WIDTH = 16;
const VALUES = { acme: [40_000n, 1n, 65_535n], beta: [2_345n, 2n, 1n] } as const;
const hex = (value: bigint): string => value.toString(16).padStart(WIDTH / 4, '0');

/** Each brings its value of three instances: what does not fit is refused by its line, and both see the sums. */
async function circuit(
  pages: { readonly acme: Page; readonly beta: Page },
  ask: (program: Program) => Promise<string>,
): Promise<void> {
  const sums = adder(WIDTH);
  const packed = packCircuit(parseBristol(sums.text, 'adder.txt'));
  const id = await ask({ kind: 'circuit', name: 'adder', circuit: packed });
  for (const party of ['acme', 'beta'] as const) {
    const page = pages[party];
    await page.locator(`nav a[href="#${id}"]`).click();
    await page.getByText('of circuit adder', { exact: false }).first().waitFor();
    const lines = VALUES[party].map(hex);
    const file = page.getByLabel(/Drop a file of bits.*exactly 3 lines, each of 16 bits/);
    await file.setInputFiles(upload('bits.txt', `${[lines[0], 'no number', lines[2]].join('\n')}\n`));
    await page.getByText('bits.txt does not fit: 1 fault', { exact: false }).waitFor();
    await page.getByRole('row', { name: /^2 .*is not a number of 16 bits/ }).waitFor();
    await file.setInputFiles(upload('bits.txt', `${lines.join('\n')}\n`));
    await page.getByText('bits.txt fits: 3 lines').waitFor();
    if (party === 'acme') await looksWell(page, 'bits');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Approve and send' }).click();
    await page.getByRole('heading', { name: 'Your rows' }).waitFor({ state: 'detached' });
  }
  const expected = VALUES.acme.map((value, k) =>
    hex(meaningOf(sums, [value, VALUES.beta[k] ?? 0n])[0] ?? 0n),
  );
  for (const page of [pages.acme, pages.beta]) {
    await page.getByRole('heading', { name: 'The result' }).waitFor();
    const table = page.getByRole('region', { name: 'The result as a table' });
    await table.waitFor();
    const rows = await table.getByRole('row').allInnerTexts();
    assert.deepEqual(rows, ['output-1', ...expected]);
  }
}
