/**
 * The party's page as a browser gets it: from its own origin alone, under a policy that forbids everything else.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClientFace } from '../../src/api/client/open.ts';
import { PAGE_POLICY, readPage } from '../../src/api/http/page-files.ts';
import { browserTest, STEP_MS } from '../support/browser.ts';
import { ROOT } from '../support/rows.ts';
import { barriersOn } from './axe.ts';

async function withFace(act: (url: string) => Promise<void>, page = readPage(`${ROOT}/dist/pages/party`)) {
  const face = await openClientFace({
    requestsPerMinute: 1000,
    authenticate: () => undefined,
    page,
    onTrouble: () => {},
  });
  try {
    await act(await face.listen({ host: '127.0.0.1', port: 0 }));
  } finally {
    await face.close();
  }
}

browserTest(
  'without a token the page says how to get in, and asks nobody else for anything',
  300_000,
  async (browser) => {
    await withFace(async (url) => {
      const page = await browser.newPage();
      const [asked, faults]: [string[], string[]] = [[], []];
      page.on('request', (request) => asked.push(request.url()));
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      await page.goto(`${url}/page/`);
      await page.getByRole('alert').filter({ hasText: 'mpc page' }).waitFor({ timeout: STEP_MS });
      await page.evaluate(() => document.fonts.ready);
      assert.deepEqual(faults, []);
      assert.deepEqual(await barriersOn(page), []);
      assert.ok(asked.length >= 4, `expected the page and its files, saw ${asked.join(' ')}`);
      assert.deepEqual(
        asked.filter((address) => !address.startsWith(`${url}/page/`)),
        [],
      );
    });
  },
);

test('the page is served under a strict policy, and nothing but its files', async () => {
  await withFace(async (url) => {
    const page = await fetch(`${url}/page/`);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-security-policy'), PAGE_POLICY);
    assert.ok(!/unsafe|https?:/.test(PAGE_POLICY));
    for (const path of ['../package.json', '%2e%2e/main.js', 'none.js', 'constructor'])
      assert.equal((await fetch(`${url}/page/${path}`)).status, 404, path);
  });
});

test('a checkout whose pages were not built says so', async () => {
  await withFace(
    async (url) => {
      const answer = await fetch(`${url}/page/`);
      assert.deepEqual(
        [answer.status, ((await answer.json()) as { code: string }).code],
        [404, 'build.no-pages'],
      );
    },
    readPage(`${ROOT}/dist/pages/none`),
  );
});
