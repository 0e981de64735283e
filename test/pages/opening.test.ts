/**
 * The party's page as a browser gets it: from its own origin alone, under a policy that forbids everything else.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientFace, openClientFace } from '../../src/api/client/open.ts';
import type { Caller } from '../../src/api/http/caller.ts';
import { PAGE_POLICY, readPage } from '../../src/api/http/page-files.ts';
import { idleDesk } from '../api/party-desk.ts';
import { browserTest, STEP_MS } from '../support/browser.ts';
import { ROOT } from '../support/rows.ts';
import { barriersOn } from './axe.ts';

const TOKEN = 'a-token-of-this-test-alone';
const me: Caller = { account: 'acme', session: '', expiresMs: Number.MAX_SAFE_INTEGER, acknowledged: 0 };

async function withFace(
  act: (url: string, face: ClientFace) => Promise<void>,
  { page = readPage(`${ROOT}/dist/pages/party`), port = 0 } = {},
) {
  const face = await openClientFace({
    requestsPerMinute: 1000,
    authenticate: (token) => (token === TOKEN ? me : undefined),
    page,
    onTrouble: () => {},
  });
  try {
    await act(await face.listen({ host: '127.0.0.1', port }), face);
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

browserTest(
  'the page waits for a client that starts, says when it has gone, and comes back with it',
  600_000,
  async (browser) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(STEP_MS);
    let port = 0;
    await withFace(async (url, face) => {
      port = Number(new URL(url).port);
      await page.goto(`${url}/page/#token=${TOKEN}`);
      await page.getByRole('status').filter({ hasText: 'still catching up with the log' }).waitFor();
      face.serve(idleDesk());
      await page.getByRole('heading', { name: 'Good day, acme' }).waitFor();
      assert.equal(new URL(page.url()).hash, '');
      await page.reload();
      await page.getByRole('status').filter({ hasText: 'Connected to your client' }).waitFor();
    });
    await page.getByRole('status').filter({ hasText: 'No connection' }).waitFor();
    assert.deepEqual(await barriersOn(page), []);
    await withFace(
      async (_, face) => {
        face.serve(idleDesk());
        await page.getByRole('status').filter({ hasText: 'Connected to your client' }).waitFor();
      },
      { port },
    );
  },
);

browserTest('a token that opens nothing is told so, once', 300_000, async (browser) => {
  await withFace(async (url) => {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => request.url().endsWith('/events') && asked.push(request.url()));
    await page.goto(`${url}/page/#token=${TOKEN.replace('alone', 'other')}`);
    await page.getByRole('alert').filter({ hasText: 'not valid any more' }).waitFor({ timeout: STEP_MS });
    assert.equal(asked.length, 1);
  });
});

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
    { page: readPage(`${ROOT}/dist/pages/none`) },
  );
});
