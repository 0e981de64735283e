/**
 * An election on the party's page, against real servers on a real broker: two voters cast ballots in two parties' browsers, one votes again,
 * both find their ballots, and both see the result.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { browserTest, STEP_MS } from '../support/browser.ts';
import { mpc } from '../support/mpc.ts';
import { barriersOn } from './axe.ts';
import { layoutOf } from './layout.ts';
import { withReal } from './real.ts';

const OPTIONS = ['Bergen', 'Delft', 'Graz'] as const;

browserTest(
  'voters choose, get a receipt, find their ballots, and see the result as a chart, on their parties’ own pages',
  900_000,
  (browser) =>
    withReal(async ({ directory, pageOf }) => {
      const at = ['--config', join(directory, 'party-acme.toml')];
      const verb = async (...words: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await mpc([...words, ...at]);
        assert.equal(code, 0, stderr);
        return stdout.trim();
      };
      const options = OPTIONS.flatMap((option) => ['--option', option]);
      const id = await verb('election', 'create', '--title', 'Where do we meet?', ...options);
      const file = join(directory, 'voters.ndjson');
      await verb('election', 'eligible', id, '--make', '2', '--out', file);
      await verb('election', 'open', id);
      const [first = '', second = ''] = readFileSync(file, 'utf8').split('\n');

      const acme = await openPage(browser, await pageOf('acme'));
      const beta = await openPage(browser, await pageOf('beta'));
      for (const { page } of [acme, beta])
        await page.getByRole('link', { name: /Where do we meet\?/ }).click();
      const cast = acme.page.getByRole('button', { name: 'Cast the ballot' });
      await cast.waitFor();
      assert.ok(await cast.isDisabled(), 'nothing is chosen');
      await looksWell(acme.page, 'an open election');
      await acme.page.getByLabel(/Choose your credential/).setInputFiles(fileOf('{"election":"another"}'));
      await acme.page.getByText('holds no credential for this election', { exact: false }).waitFor();
      await vote(acme.page, 'Bergen', first);
      // The later ballot counts.
      const tracker = await vote(acme.page, 'Delft', first);
      await vote(beta.page, 'Delft', second);
      await looksWell(acme.page, 'a ballot that is cast');
      await find(acme.page, tracker, /server-b has it/);
      const altered = first.replace(/"voter":\d+/, '"voter":1');
      await choose(beta.page, 'Graz', altered);
      await beta.page.getByText('No server took the ballot').waitFor();
      await beta.page
        .getByText(/voter 1 did not sign this ballot/)
        .first()
        .waitFor();

      await verb('election', 'close', id);
      for (const { page } of [acme, beta]) {
        await page.getByRole('heading', { name: 'The result' }).waitFor();
        await page.getByRole('img', { name: /Bars of votes/ }).waitFor();
        const rows = await page.getByRole('table').getByRole('row').allInnerTexts();
        assert.deepEqual(
          rows.map((row) => row.split('\t').map((cell) => cell.trim())),
          [['Option', 'votes'], ...OPTIONS.map((option) => [option, option === 'Delft' ? '2' : '0'])],
        );
      }
      await find(acme.page, tracker, /server-c has counted it at position \d/);
      await looksWell(acme.page, 'a result');
      for (const { faults, page } of [acme, beta]) {
        assert.deepEqual(faults, [], 'no script failed, and nothing was asked of another host');
        await page.context().close();
      }
    }),
);

const fileOf = (text: string) => ({
  name: 'credential.json',
  mimeType: 'application/json',
  buffer: Buffer.from(`${text}\n`),
});

async function choose(page: Page, option: string, credential: string): Promise<void> {
  await page.getByRole('radio', { name: option }).check();
  await page.getByLabel(/Choose your credential/).setInputFiles(fileOf(credential));
  await page.getByRole('button', { name: 'Cast the ballot' }).click();
}

/** Returns the tracker. All three servers hold the ballot then. */
async function vote(page: Page, option: string, credential: string): Promise<string> {
  await choose(page, option, credential);
  const receipt = page.getByRole('status').filter({ hasText: 'Your ballot is cast' });
  await receipt.waitFor();
  for (const server of ['server-a', 'server-b', 'server-c'])
    await receipt.getByText(`${server} signed that it holds it`).waitFor();
  assert.ok(
    await page.getByRole('button', { name: 'Cast the ballot' }).isDisabled(),
    'the credential is forgotten',
  );
  return receipt.locator('.tracker').innerText();
}

async function find(page: Page, tracker: string, answer: RegExp): Promise<void> {
  await page.getByLabel('Its tracker').fill(tracker);
  for (const deadlineMs = Date.now() + STEP_MS; ; ) {
    await page.getByRole('button', { name: 'Ask the servers' }).click();
    const found = page.getByText(answer);
    const isThere = await found.waitFor({ timeout: 5_000 }).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    assert.ok(Date.now() < deadlineMs, `the servers never said ${answer} of ${tracker}`);
  }
}

async function openPage(browser: Browser, address: string): Promise<{ page: Page; faults: string[] }> {
  const { origin } = new URL(address);
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  context.setDefaultTimeout(STEP_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(request.url());
  });
  await page.goto(address);
  return { page, faults };
}

/** Narrow and dark is where most goes wrong. */
const VIEWS = [
  { width: 1280, height: 900, colorScheme: 'light' },
  { width: 360, height: 780, colorScheme: 'dark' },
] as const;

async function looksWell(page: Page, what: string): Promise<void> {
  for (const { colorScheme, ...size } of VIEWS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    // What is drawn anew for another width is wrong for a few frames only.
    for (let looks = 0; ; looks++) {
      const { texts, faults } = await layoutOf(page);
      if (faults.length > 0 && looks < 60) {
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
        continue;
      }
      assert.deepEqual(faults, [], `${what} at ${size.width} px`);
      assert.ok(texts > 10, `${texts} texts on ${what}`);
      break;
    }
  }
  assert.deepEqual(await barriersOn(page), [], what);
  await page.setViewportSize({ width: 1280, height: 900 });
}
