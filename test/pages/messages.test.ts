/**
 * Messages on the party's page against real roles on a real broker: two parties register and talk, beside a collaboration and alone, one
 * of them is away meanwhile, and a key that changed is shouted about.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Page } from 'playwright-core';
import { browserTest } from '../support/browser.ts';
import { mpc } from '../support/mpc.ts';
import { BY_GROUP, looksWell, openPage, seen, tabTo, waiting } from './parties.ts';
import { withReal } from './real.ts';

const HOSTILE = '<img src=x onerror="document.title=\'taken\'"> & <b>bold</b>';

browserTest(
  'two parties register and talk; who was away gets it later, once; coordinators that are away and keys that changed are told of; texts are texts',
  900_000,
  (browser) =>
    withReal(({ ask, pageOf, stop, start, directory, url }) =>
      seen(browser, async () => {
        await ask(BY_GROUP, 'acme:payroll', 'beta:payroll');
        const acme = await openPage(browser, await pageOf('acme'));
        const beta = await openPage(browser, await pageOf('beta'));

        // acme's account was made by its program; beta's is made here, by keyboard.
        await beta.page.getByRole('link', { name: 'All messages' }).click();
        await beta.page.getByRole('heading', { name: 'Begin to talk' }).waitFor();
        await looksWell(beta.page, 'no account yet', undefined, 10);
        await tabTo(beta.page, beta.page.getByRole('button', { name: 'Register beta' }));
        await beta.page.keyboard.press('Enter');
        await beta.page.getByRole('heading', { name: 'Write to somebody' }).waitFor();

        await waiting(acme.page).click();
        await say(acme.page, 'beta', 'Shall we ask this together?');
        await beta.page.getByRole('link', { name: /A question over payroll 1 new message/ }).click();
        // Nothing counts as read that is out of sight.
        await beta.page.getByRole('heading', { name: 'Your rows' }).waitFor();
        await said(beta.page, ['Shall we ask this together?']);
        await beta.page.getByRole('button', { name: 'Read it' }).click();
        await beta.page.getByRole('link', { name: /1 new message/ }).waitFor({ state: 'detached' });
        await say(beta.page, 'acme', 'Gladly. Is it up to 60 people each?');
        await say(acme.page, 'beta', 'It is. Please read me the digits that you see.');
        await looksWell(acme.page, 'messages', 'Messages with beta');
        await say(beta.page, 'acme', HOSTILE);
        await acme.page.getByRole('log').getByText(HOSTILE, { exact: true }).waitFor();
        assert.equal(await acme.page.locator('.talk img, .talk b').count(), 0);

        await acme.page.getByRole('link', { name: 'All messages' }).click();
        await acme.page.getByRole('link', { name: 'beta', exact: true }).click();
        await say(acme.page, 'beta', 'Between us: our file is ready.');
        await beta.page.goto(new URL('#with-acme', beta.page.url()).href);
        await said(beta.page, ['Between us: our file is ready.']);

        await beta.page.getByLabel('Write to acme').fill('Half a sent');
        await stop('party-beta');
        await beta.page.getByRole('status').filter({ hasText: 'No connection' }).waitFor();
        await say(acme.page, 'beta', 'Are you there?');
        await say(acme.page, 'beta', 'Take your time.');
        start('party-beta');
        await said(beta.page, ['Between us: our file is ready.', 'Are you there?', 'Take your time.']);
        assert.equal(await beta.page.getByLabel('Write to acme').inputValue(), 'Half a sent');
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
        await acme.page.goto(new URL('#messages', acme.page.url()).href);
        await acme.page.getByRole('heading', { name: 'Conversations' }).waitFor();
        await looksWell(acme.page, 'all messages', undefined, 15);
        await stop('coordinator');
        const away = beta.page.getByText('Nobody carries messages now', { exact: false });
        await away.waitFor();
        await beta.page.getByLabel('Write to acme').fill('Good night.');
        assert.ok(await beta.page.getByRole('button', { name: 'Send', exact: true }).isDisabled());
        await looksWell(beta.page, 'coordinators that are away');
        start('coordinator');
        await away.waitFor({ state: 'detached' });
        await say(beta.page, 'acme', 'Good night.');
        assert.deepEqual(filesWith(directory, 'our file is ready'), [
          'state/party-acme/messages/history.ndjson',
          'state/party-beta/messages/history.ndjson',
        ]);

        await rekey(directory, url, 'beta');
        await acme.page.getByRole('main').getByRole('link', { name: 'beta', exact: true }).click();
        await acme.page.getByLabel('Write to beta').fill('The password is');
        await acme.page.getByRole('button', { name: 'Send', exact: true }).click();
        await acme.page.getByRole('heading', { name: 'The key of beta has changed' }).waitFor();
        await looksWell(acme.page, 'a key that changed');
        const trust = acme.page.getByRole('button', { name: 'Trust this key' });
        assert.ok(await trust.isDisabled(), 'nobody has compared it');
        await acme.page.getByRole('checkbox', { name: /beta has read .* out to me/ }).check();
        await trust.click();
        await trust.waitFor({ state: 'detached' });
        await say(acme.page, 'beta', 'The password is');
        await beta.page.getByText('does not open with the key of this client', { exact: false }).waitFor();
        await looksWell(beta.page, 'refused');
        assert.ok(!(await acme.page.title()).includes('taken'));
        // What a client refuses, or that it has gone, the browser says by itself.
        const refused = /^Failed to load resource: (net::|the server responded with a status of (409|503))/;
        for (const { faults, context } of [acme, beta]) {
          assert.deepEqual(
            faults.filter((fault) => !refused.test(fault)),
            [],
            'no script failed, and nothing was asked of another host',
          );
          await context.close();
        }
      }),
    ),
);

/** Of everything that roles and broker keep, logs too. */
function filesWith(directory: string, text: string): string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  assert.ok(files.length > 30, `expected to look at many files, saw ${files.length}`);
  return files
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => readFileSync(path).includes(text))
    .map((path) => relative(directory, path))
    .sort();
}

/** At another place, as whoever has the party's key may: its client is signed out. */
async function rekey(directory: string, coordinator: string, party: string): Promise<void> {
  const key = join(directory, 'keys', `party-${party}.seed`);
  const env = { MPC_HOME: join(directory, 'home'), MPC_COORDINATORS: coordinator };
  for (const words of [
    ['account', 'login', party, '--key', key],
    ['account', 'rekey', '--party-key', key],
  ]) {
    const { code, stderr } = await mpc(words, env);
    assert.equal(code, 0, stderr);
  }
}

async function say(page: Page, to: string, text: string): Promise<void> {
  const box = page.getByLabel(`Write to ${to}`);
  await box.fill(text);
  await page.locator('.composer button:enabled').waitFor();
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
