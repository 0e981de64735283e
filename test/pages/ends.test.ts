/**
 * The party's page where a collaboration ends without a result, against real roles: a part that is taken back, a time that has passed; each
 * says why and what to do.
 */
import assert from 'node:assert/strict';
import { browserTest } from '../support/browser.ts';
import { BY_GROUP, giveRows, looksWell, openPage, seen, tabTo } from './parties.ts';
import { withReal } from './real.ts';

browserTest(
  'a part is taken back after a question, both parties read why there is no result, and so of one whose time has passed',
  900_000,
  (browser) =>
    withReal(({ ask, askBriefly, pageOf }) =>
      seen(browser, async () => {
        const brief = await askBriefly(BY_GROUP.replace('people', 'heads'), 'acme:payroll', 'beta:payroll');
        const acme = await openPage(browser, await pageOf('acme'));
        const beta = await openPage(browser, await pageOf('beta'));
        const at = async (where: typeof acme, id: string): Promise<void> => {
          await where.page.getByRole('navigation').locator(`a[href="#${id}"]`).click();
          await where.page.getByRole('heading', { level: 1, name: 'A question over payroll' }).waitFor();
          // The last to come.
          await where.page.getByRole('heading', { name: /^Messages with/ }).waitFor();
        };

        await at(beta, brief);
        await beta.page.getByRole('heading', { name: 'Its time has passed' }).waitFor();
        await beta.page.getByText('Ask acme to ask the question again, with a later end.').waitFor();
        await beta.page.getByText('did not approve').first().waitFor();
        await looksWell(beta.page, 'expired');

        const id = await ask(BY_GROUP, 'acme:payroll', 'beta:payroll');
        await giveRows(acme.page, 'acme', 12);
        await acme.page.getByText('beta has not approved', { exact: false }).waitFor();
        const opener = acme.page.getByRole('button', { name: 'Take your part back…' });
        await opener.click();
        await acme.page
          .getByText('It ends without a result for everyone, also for beta: your rows are needed.')
          .waitFor();
        await looksWell(acme.page, 'withdraw');
        await acme.page.getByRole('button', { name: 'No, keep it' }).click();
        await opener.waitFor();
        await tabTo(acme.page, opener);
        await acme.page.keyboard.press('Enter');
        await tabTo(acme.page, acme.page.getByRole('button', { name: 'Yes, take it back' }));
        await acme.page.keyboard.press('Enter');

        await acme.page.getByRole('heading', { name: 'It could not be completed' }).waitFor();
        await acme.page.getByText('You took your part back', { exact: false }).waitFor();
        await acme.page.getByText(`mpc collaboration rerun ${id}`, { exact: false }).waitFor();
        await looksWell(acme.page, 'withdrawn');
        await at(beta, id);
        await beta.page.getByText('A party that is needed took its part back.').waitFor();
        await beta.page.getByText('Ask acme, who may have it tried again', { exact: false }).waitFor();
        await looksWell(beta.page, 'failed');
        for (const { faults, context } of [acme, beta]) {
          assert.deepEqual(faults, [], 'no script failed, and nothing was asked of another host');
          await context.close();
        }
      }),
    ),
);
