/**
 * Messages on the party's page against real roles on a real broker: two parties register and talk, beside a collaboration and alone, one
 * of them is away meanwhile, and a key that changed is shouted about.
 */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { browserTest } from '../support/browser.ts';
import { BY_GROUP, looksWell, openPage, seen, tabTo, waiting } from './parties.ts';
import { withReal } from './real.ts';

const HOSTILE = '<img src=x onerror="document.title=\'taken\'"> & <b>bold</b>';

browserTest(
  'two parties register and talk; who was away gets it later, once; and nothing that is written is more than text',
  900_000,
  (browser) =>
    withReal(({ ask, pageOf, stopClient, startClient }) =>
      seen(browser, async () => {
        await ask(BY_GROUP, 'acme:payroll', 'beta:payroll');
        const acme = await openPage(browser, await pageOf('acme'));
        const beta = await openPage(browser, await pageOf('beta'));

        // acme's account was made by its program; beta's is made here, by keyboard.
        await beta.page.getByRole('link', { name: 'All messages' }).click();
        await beta.page.getByRole('heading', { name: 'Begin to talk' }).waitFor();
        await looksWell(beta.page, 'noaccount', 'Messages', 10);
        await tabTo(beta.page, beta.page.getByRole('button', { name: 'Register beta' }));
        await beta.page.keyboard.press('Enter');
        await beta.page.getByRole('heading', { name: 'Write to somebody' }).waitFor();
        await looksWell(beta.page, 'empty', 'Messages', 10);

        await waiting(acme.page).click();
        await say(acme.page, 'beta', 'Shall we ask this together?');
        await beta.page.getByRole('link', { name: /A question over payroll 1 new message/ }).click();
        await said(beta.page, ['Shall we ask this together?']);
        await beta.page.getByRole('link', { name: /1 new message/ }).waitFor({ state: 'detached' });
        await say(beta.page, 'acme', HOSTILE);
        await said(acme.page, ['Shall we ask this together?', HOSTILE]);
        await looksWell(acme.page, 'messages', 'Messages with beta');

        await acme.page.getByRole('link', { name: 'All messages' }).click();
        await acme.page.getByRole('link', { name: 'beta', exact: true }).click();
        await say(acme.page, 'beta', 'Between us: our file is ready.');
        await beta.page.goto(new URL('#with-acme', beta.page.url()).href);
        await said(beta.page, ['Between us: our file is ready.']);

        await stopClient('beta');
        await beta.page.getByRole('status').filter({ hasText: 'No connection' }).waitFor();
        await say(acme.page, 'beta', 'Are you there?');
        await say(acme.page, 'beta', 'Take your time.');
        startClient('beta');
        await said(beta.page, ['Between us: our file is ready.', 'Are you there?', 'Take your time.']);
        await say(beta.page, 'acme', 'Here I am.');
        await said(acme.page, [
          'Between us: our file is ready.',
          'Are you there?',
          'Take your time.',
          'Here I am.',
        ]);
        await beta.page.reload();
        await said(beta.page, [
          'Between us: our file is ready.',
          'Are you there?',
          'Take your time.',
          'Here I am.',
        ]);
        await looksWell(beta.page, 'alone', 'acme');
        await acme.page.goto(new URL('#messages', acme.page.url()).href);
        await acme.page.getByRole('heading', { name: 'Conversations' }).waitFor();
        await looksWell(acme.page, 'all', 'Messages');
        assert.equal(await acme.page.locator('.talk img, .talk b').count(), 0);
        assert.ok(!(await acme.page.title()).includes('taken'));
        // Of a client that has gone, the browser says that it cannot be asked.
        const gone = /^Failed to load resource: (net::|the server responded with a status of 503)/;
        const faultsOfBeta = beta.faults.filter((fault) => !gone.test(fault));
        for (const [faults, { context }] of [
          [acme.faults, acme],
          [faultsOfBeta, beta],
        ] as const) {
          assert.deepEqual(faults, [], 'no script failed, and nothing was asked of another host');
          await context.close();
        }
      }),
    ),
);

async function say(page: Page, to: string, text: string): Promise<void> {
  const box = page.getByLabel(`Write to ${to}`);
  await box.fill(text);
  await box.press('Enter');
  // It is empty again once the text is stored.
  while ((await box.inputValue()) !== '')
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  await page.getByText(`Kept for ${to} until they have it.`).waitFor();
  await page.getByRole('log').getByText(text, { exact: true }).waitFor();
}

/** Waits until exactly these have been said in the conversation that is open. */
async function said(page: Page, texts: readonly string[]): Promise<void> {
  await page
    .getByRole('log')
    .getByText(texts.at(-1) ?? '', { exact: true })
    .waitFor();
  assert.deepEqual(await page.getByRole('log').locator('.said-text').allInnerTexts(), texts);
}
