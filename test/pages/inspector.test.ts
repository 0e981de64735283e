/**
 * The inspector in a browser, over real roles on a real broker: what it shows, live and replayed, and what it asks for.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { keyPath } from '../../bin/local/deployment.ts';
import { showInspector, watchRoles } from '../../bin/local/inspector.ts';
import { systemClock } from '../../src/base/clock.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { Journal } from '../../src/inspect/journal.ts';
import type { FeedRecord } from '../../src/inspect/records.ts';
import { readRun, recordTo } from '../../src/inspect/run-file.ts';
import { Story } from '../../src/inspect/story.ts';
import { browserTest, STEP_MS } from '../support/browser.ts';
import { TestDeployment } from '../support/mpc.ts';
import { barriersOn } from './axe.ts';
import { framesText, scrub } from './frames.ts';
import { withShown } from './made-up-run.ts';
import { open } from './opened.ts';

const WAITS = '.card[data-tint="server-a"] [data-state="session.init.randomness.waitingForRandomness"]';

browserTest(
  'the inspector shows server-a waiting for randomness until a dealer starts; replayed, the run ends in the same states',
  600_000,
  async (browser) => {
    const file = join(mkdtempSync(join(tmpdir(), 'mpc-inspect-')), 'run.ndjson');
    const world = await TestDeployment.open(
      'CREATE TABLE t (v INTEGER NOT NULL CHECK (v BETWEEN 0 AND 999999999)); SELECT SUM(v) FROM t;',
      ['acme', 'beta'].map((party) => ({ party, table: 't', maxRows: 4, csv: 'v\n271828182\n314159265\n' })),
      { inspect: 'coordinator', guarded: true },
    );
    const { directory, deployment } = world;
    const { journal, stop } = await watchRoles({
      access: { servers: deployment.nats },
      deployment: deployment.name,
      me: 'coordinator',
      identity: loadIdentity(keyPath(directory, 'coordinator')),
      roles: Object.keys(deployment.trust),
      signal: AbortSignal.timeout(STEP_MS),
    });
    const recording = recordTo(file, deployment.name, journal);
    const shown = await showInspector(journal, { deployment: deployment.name, isLive: true });
    try {
      const live = await open(browser, shown.url);
      await live.page.getByText('No role has told anything yet').waitFor({ timeout: STEP_MS });
      world.start(...world.addresses.filter((address) => address !== 'dealer'));
      await live.page.locator(`${WAITS}.on`).waitFor({ timeout: STEP_MS });
      await live.page.getByText('waiting for randomness').first().waitFor({ timeout: STEP_MS });
      world.start('dealer');
      await live.page.locator(`${WAITS}:not(.on)`).waitFor({ timeout: STEP_MS });
      assert.equal((await world.result(STEP_MS)).table.rows.length, 1);
      await live.page
        .locator('.card[data-tint="server-a"] [data-state="session.done"].on')
        .waitFor({ timeout: STEP_MS });
      await live.page
        .locator('.card[data-tint="server-b"] [data-state="session.done"].on')
        .waitFor({ timeout: STEP_MS });
      await quiet(journal);
      await stop();
      recording.close();
      const text = readFileSync(file, 'utf8');
      for (const secret of ['271828182', '314159265', '1171974894', 'SELECT'])
        assert.ok(!text.includes(secret));
      const story = storyOf(journal.records);
      assert.ok(story.statesAt(journal.records.length).size >= 12, 'every role and its part was seen');
      assert.deepEqual(
        storyOf(readRun(file).records).statesAt(journal.records.length),
        story.statesAt(journal.records.length),
      );
      assert.ok(story.arrows.some(({ from, to }) => from === 'dealer' && to === 'server-a'));
      const replayed = await showReplay(file);
      try {
        const again = await open(browser, replayed.url);
        await again.page.getByText('replay', { exact: true }).waitFor({ timeout: STEP_MS });
        await again.page
          .locator('.card[data-tint="server-a"] [data-state="session.done"].on')
          .waitFor({ timeout: STEP_MS });
        assert.deepEqual(await activeStates(again.page), await activeStates(live.page));
        await keysMove(again.page);
        for (const { faults, strangers } of [live, again]) {
          assert.deepEqual(faults, []);
          assert.deepEqual(strangers, []);
        }
      } finally {
        await replayed.close();
      }
    } finally {
      await shown.close();
      await world.stop();
      rmSync(join(file, '..'), { recursive: true });
    }
  },
);

for (const colorScheme of ['light', 'dark'] as const)
  browserTest(
    `in ${colorScheme} nothing keeps people from reading the inspector`,
    300_000,
    async (browser) => {
      await withShown(400, async (url) => {
        const { page, faults } = await open(browser, url, colorScheme);
        await page.locator('.card').nth(3).waitFor({ timeout: STEP_MS });
        assert.deepEqual(await barriersOn(page), []);
        const { texts, overlaps, faint } = await page.evaluate(layoutFaults);
        assert.ok(texts > 100, `only ${texts} texts were compared`);
        assert.deepEqual(overlaps, []);
        assert.deepEqual(faint, []);
        for (const width of [1280, 1440, 1920]) {
          await page.setViewportSize({ width, height: 900 });
          assert.deepEqual(await page.evaluate(tooNarrow), [], `at ${width} px`);
        }
        assert.deepEqual(faults, []);
      });
    },
  );

browserTest(
  'a run of 10,000 events is scrubbed with no more work a frame than one of 500',
  300_000,
  async (browser) => {
    const work = (count: number) =>
      withShown(count, async (url) => {
        const { page } = await open(browser, url);
        await page.locator('.card').nth(3).waitFor({ timeout: STEP_MS });
        const frames = await scrub(browser, page, 40);
        const drawn = Number(await page.locator('canvas.lanes').getAttribute('data-drawn'));
        const nodes = await page.locator('*').count();
        await page.close();
        process.stdout.write(`# ${count} events: ${drawn} drawn, ${nodes} nodes, ${framesText(frames)}\n`);
        const laidOut = frames.map((frame) => frame.laidOut).sort((a, b) => a - b);
        return {
          drawn,
          nodes,
          frames: frames.length,
          laidOut: laidOut[frames.length >> 1] ?? 0,
          forced: frames.filter(({ forced }) => forced > 0),
        };
      });
    const [few, many] = [await work(500), await work(10_000)];
    assert.ok(many.drawn > 20 && many.drawn < 1.5 * few.drawn + 50, `${many.drawn} things were drawn`);
    assert.ok(many.nodes < 1.2 * few.nodes + 100, `${many.nodes} nodes, ${few.nodes} of few`);
    assert.equal(many.frames, 40);
    assert.ok(many.laidOut > 20 && many.laidOut < 320, `${many.laidOut} things are laid out in a frame`);
    assert.deepEqual(many.forced, [], 'no script waits for a layout');
  },
);

test('whoever has not the token of its address sees nothing of a run', async () => {
  const shown = await showInspector(new Journal(systemClock), { deployment: 'test', isLive: false });
  try {
    const { origin, hash } = new URL(shown.url);
    assert.match(origin, /^http:\/\/127\.0\.0\.1:\d+$/);
    const token = hash.replace('#token=', '');
    assert.ok(token.length >= 43);
    for (const path of ['/view', '/records', '/events']) {
      assert.equal((await fetch(`${origin}${path}`)).status, 401, path);
      const wrong = { authorization: `Bearer ${token.slice(1)}x` };
      assert.equal((await fetch(`${origin}${path}`, { headers: wrong })).status, 401, path);
    }
    assert.equal(
      (await fetch(`${origin}/view`, { headers: { authorization: `Bearer ${token}` } })).status,
      200,
    );
  } finally {
    await shown.close();
  }
});

async function showReplay(file: string) {
  const journal = new Journal(systemClock);
  const { deployment, records } = readRun(file);
  journal.append(records);
  return showInspector(journal, { deployment, isLive: false });
}

function storyOf(records: readonly FeedRecord[]): Story {
  const story = new Story();
  story.add(records);
  return story;
}

/** Roles greet each other for ever; their states have come to rest when every collaboration and party has ended. */
async function quiet(journal: Journal): Promise<void> {
  const isOver = (): boolean =>
    ['acme', 'beta', 'analyst'].every((party) => {
      const moves = journal.records.filter(({ role, kind }) => role === `party-${party}` && kind === 'moved');
      return moves.some((move) => move.kind === 'moved' && move.to.includes('done'));
    });
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (!isOver()) return;
      stop();
      resolve();
    };
    const stop = journal.onAppend(check);
    check();
  });
}

const activeStates = (page: Page): Promise<string[]> =>
  page
    .locator('.state.on')
    .evaluateAll((nodes) =>
      nodes
        .map(
          (node) => `${node.closest('.card')?.getAttribute('data-tint')} ${node.getAttribute('data-state')}`,
        )
        .sort(),
    );

/** Keys alone: to the beginning, on by one, to the end. */
async function keysMove(page: Page): Promise<void> {
  const count = page.locator('.bar .count');
  const end = await count.textContent();
  await page.keyboard.press('Home');
  await page.locator('.bar .count', { hasText: /^1 \// }).waitFor({ timeout: STEP_MS });
  await page.keyboard.press('ArrowRight');
  await page.locator('.bar .count', { hasNotText: /^1 \// }).waitFor({ timeout: STEP_MS });
  await page.keyboard.press('End');
  await page.locator('.bar .count', { hasText: end ?? '' }).waitFor({ timeout: STEP_MS });
}

/** In the page: texts of a chart that lie on each other, and those whose contrast with what is behind them is below 4.5:1. */
function layoutFaults(): { texts: number; overlaps: string[]; faint: string[] } {
  const [overlaps, faint]: [string[], string[]] = [[], []];
  let texts = 0;
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (color: string, under: readonly number[]): number[] => {
    if (pen === null) throw new Error('no canvas');
    pen.fillStyle = `rgb(${under.join()})`;
    pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (color: readonly number[]): number =>
    color
      .map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, index) => sum + value * ([0.2126, 0.7152, 0.0722][index] ?? 0), 0);
  for (const svg of document.querySelectorAll('.frame svg')) {
    const all = [...svg.querySelectorAll<SVGTextElement>('text')].filter(
      (each) => each.getClientRects().length > 0,
    );
    const boxes = all.map((each) => each.getBoundingClientRect());
    const card = rgb(getComputedStyle(svg.closest('.card') ?? svg).backgroundColor, [255, 255, 255]);
    for (const [index, here] of all.entries()) {
      const a = boxes[index] ?? new DOMRect();
      for (let other = index + 1; other < all.length; other++) {
        const b = boxes[other] ?? new DOMRect();
        const [wide, high] = [
          Math.min(a.right, b.right) - Math.max(a.left, b.left),
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
        ];
        // Lines of one label stand close: their letters do not touch.
        if (wide > 1 && high > 0.3 * Math.min(a.height, b.height))
          overlaps.push(`${here.textContent} | ${all[other]?.textContent}`);
      }
      texts++;
      const box = here.parentElement?.querySelector(':scope > .box, :scope > rect, :scope > circle');
      const behind = box == null ? card : rgb(getComputedStyle(box).fill, card);
      const [high, low] = [light(rgb(getComputedStyle(here).fill, behind)), light(behind)].sort(
        (x, y) => y - x,
      );
      const contrast = ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
      if (contrast < 4.5) faint.push(`${here.textContent}: ${contrast.toFixed(2)}`);
    }
  }
  return { texts, overlaps, faint };
}

/** In the page: headings, tabs and bars whose content does not fit; it says how many it looked at when they are too few. */
function tooNarrow(): string[] {
  const all = [...document.querySelectorAll('.bar, .cards, .card > header, .card h2, .tabs, .panel > h2')];
  if (all.length < 18) return [`only ${all.length} were looked at`];
  return all
    .filter((each) => each.scrollWidth > each.clientWidth + 1)
    .map((each) => `${each.className || each.tagName}: ${each.textContent} (${each.scrollWidth} px)`);
}
