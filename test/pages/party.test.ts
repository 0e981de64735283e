/**
 * The party's page against real roles on a real broker: two parties in two browsers' contexts read what is asked, hand rows in, and see
 * the result.
 */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { browserTest } from '../support/browser.ts';
import { BY_GROUP, csvOf, giveRowsByKeyboard, HEADER, looksWell, openPage, seen, upload } from './parties.ts';
import { withReal } from './real.ts';

const BAD = `${HEADER}
ann,junior,female,3,52000
bob,chief,male,4,61000
cid,senior,male,,58000.00
dee,lead,female,12,590000
eve,lead,female
`;

browserTest(
  'two parties read what is asked, one mends its file, and both see the result as chart and table',
  900_000,
  (browser) =>
    withReal(({ ask, pageOf }) =>
      seen(browser, async () => {
        await ask(BY_GROUP, 'acme:payroll', 'beta:payroll');
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
        await acme.page.bringToFront();
        await acme.page.getByRole('button', { name: 'Copy as CSV' }).click();
        await acme.page.getByText('Copied.').waitFor();
        assert.match(
          await acme.page.evaluate(() => navigator.clipboard.readText()),
          /^level,gender,people,average_salary\r\njunior,female,/,
        );

        for (const { faults: broken, context } of [acme, beta]) {
          assert.deepEqual(broken, [], 'no script failed, and nothing was asked of another host');
          await context.close();
        }
      }),
    ),
);

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
