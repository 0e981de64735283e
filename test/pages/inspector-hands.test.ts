/**
 * The inspector by hand: keys, pointer and filter, on a run that was made up, with two collaborations in it.
 */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { isHeartbeat, Story } from '../../src/inspect/story.ts';
import { linksOf } from '../../src/pages/inspector/links.ts';
import { bytesText } from '../../src/pages/inspector/words.ts';
import { browserTest, STEP_MS } from '../support/browser.ts';
import { madeUp, withShown } from './made-up-run.ts';
import { open } from './opened.ts';

const [FIRST, SECOND] = ['0123456789abcdef0123', 'fedcba98765432100123'];
/** Ten milliseconds from one record to the next: what a message leads to follows it within a moment. */
const RUN = madeUp(600, [FIRST, SECOND]).map((record, place) => ({
  ...record,
  atMs: record.atMs - place * 10,
}));
const STORY = new Story();
STORY.add(RUN);
const TITLES = ['coordinator', 'dealer', 'server-a', 'server-b', 'parties'];

browserTest('keys look at one role closely, at the next, nearer, and at all again', 300_000, (browser) =>
  withShown(RUN, async (url) => {
    const { page, faults } = await open(browser, url);
    await page
      .locator('.card')
      .nth(TITLES.length - 1)
      .waitFor({ timeout: STEP_MS });
    const close = page.locator('.card.close');
    await page.keyboard.press('3');
    await said(close.locator('h2'), 'server-a');
    assert.equal(await page.locator('.card.aside').count(), TITLES.length - 1);
    const [near, far] = [await widthOf(close), await widthOf(page.locator('.card.aside').first())];
    assert.ok(near > 3 * far, `${near} px beside ${far} px`);
    const before = await scaleOf(close);
    await page.keyboard.press('+');
    await page.waitForFunction(scaleIsAbove, before * 1.1, { timeout: STEP_MS });
    await page.keyboard.press('0');
    await close.locator('.small[aria-pressed="true"]').waitFor({ timeout: STEP_MS });
    assert.deepEqual(await outside(close), [], 'the whole chart is in sight');
    assert.deepEqual(await outside(page.locator('.card.aside').first()), [], 'so are those beside it');
    await page.keyboard.press('f');
    await close.locator('.small[aria-pressed="false"]').waitFor({ timeout: STEP_MS });
    await page.keyboard.press(']');
    await said(close.locator('h2'), 'server-b');
    for (const title of ['parties', 'coordinator']) {
      await page.keyboard.press(']');
      await said(close.locator('h2'), title);
    }
    await page.keyboard.press('[');
    await said(close.locator('h2'), 'parties');
    await page.keyboard.press('?');
    await page.getByText('look at a role closely').waitFor({ timeout: STEP_MS });
    await page.keyboard.press('Escape');
    await page.getByText('look at a role closely').waitFor({ state: 'detached', timeout: STEP_MS });
    await page.keyboard.press('Escape');
    await close.waitFor({ state: 'detached', timeout: STEP_MS });
    assert.deepEqual(faults, []);
  }),
);

browserTest(
  'pointing at a message lights its edge and its arrow; a click says its type, size and subject',
  300_000,
  (browser) =>
    withShown(RUN, async (url) => {
      const { page, faults } = await open(browser, url);
      const rows = page.locator('.messages li');
      await rows.nth(5).waitFor({ timeout: STEP_MS });
      // The list shows the last first; the first of them whose receiver or sender moved then.
      const shown = STORY.arrows.filter((arrow) => !isHeartbeat(arrow)).reverse();
      const row = shown.findIndex((arrow) => linksOf(STORY, { kind: 'arrow', arrow }).transitions.size > 0);
      assert.ok(row >= 0 && row < 11, `row ${row}`);
      const arrow = shown[row];
      assert.ok(arrow !== undefined);
      const lanes = await pictureOf(page);
      await rows.nth(row).hover();
      await rows.nth(row).locator('.linked').waitFor({ timeout: STEP_MS });
      const edges = page.locator('.card .edge.linked');
      await edges.first().waitFor({ timeout: STEP_MS });
      const [linked] = linksOf(STORY, { kind: 'arrow', arrow }).transitions;
      assert.ok((await transitionsOf(edges)).includes(linked ?? ''), linked);
      assert.notEqual(await pictureOf(page), lanes, 'its arrow is drawn anew');

      await rows.nth(row).click();
      const details = page.locator('.details dl');
      await details.waitFor({ timeout: STEP_MS });
      const facts = await details
        .locator('div')
        .evaluateAll((all) =>
          all.map((each) => [each.querySelector('dt')?.textContent, each.querySelector('dd')?.textContent]),
        );
      for (const fact of [
        ['type', 'channel'],
        ['size', bytesText(arrow.record.bytes)],
        ['subject', arrow.record.subject],
      ])
        assert.ok(
          facts.some((each) => each.join() === fact.join()),
          `${fact} in ${JSON.stringify(facts)}`,
        );

      await page.keyboard.press('Escape');
      await details.waitFor({ state: 'detached', timeout: STEP_MS });
      await page.locator('h1').hover();
      await edges.first().waitFor({ state: 'detached', timeout: STEP_MS });
      // The other way: an edge that was just taken lights the messages that led to it.
      const at = RUN.findLastIndex(
        (record, place) =>
          record.kind === 'moved' &&
          record.role === 'server-b' &&
          record.collaboration === SECOND &&
          [...linksOf(STORY, { kind: 'move', at: place }).arrows].some((each) => each < place),
      );
      assert.ok(at > 0);
      await page.locator('input[type=range]').fill(String(at));
      await said(page.locator('.bar .count'), `${at + 1} / 600`);
      await page.locator('.card[data-tint="server-b"] .label.hot').first().hover();
      await page.locator('.messages .linked').first().waitFor({ timeout: STEP_MS });
      assert.deepEqual(faults, []);
    }),
);

browserTest(
  'a filter shows one collaboration alone; the scrubber, arrows and space move the cursor',
  300_000,
  (browser) =>
    withShown(RUN, async (url) => {
      const { page, faults } = await open(browser, url);
      await page.locator('.messages li').nth(5).waitFor({ timeout: STEP_MS });
      await page.locator('select').selectOption(SECOND);
      await page
        .locator('.collaborations button[aria-pressed="true"]', { hasText: SECOND.slice(0, 8) })
        .waitFor({ timeout: STEP_MS });
      const ours = STORY.arrows.filter(({ record }) => record.collaboration === SECOND).reverse();
      const sizes = await page.locator('.messages .size').allTextContents();
      assert.deepEqual(
        sizes,
        ours.slice(0, sizes.length).map(({ record }) => bytesText(record.bytes)),
      );
      assert.ok(sizes.length > 5);
      await page.locator('.collaborations button[aria-pressed="true"]').click();
      await page
        .locator('.collaborations button[aria-pressed="true"]')
        .waitFor({ state: 'detached', timeout: STEP_MS });
      assert.equal(await page.locator('select').inputValue(), '');

      const count = page.locator('.bar .count');
      await page.locator('input[type=range]').fill('299');
      await said(count, '300 / 600');
      await page.keyboard.press('ArrowRight');
      await said(count, '301 / 600');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      await said(count, '299 / 600');
      await page.locator('h1').click();
      await page.keyboard.press(' ');
      await page.waitForFunction(countIsAbove, 310, { timeout: STEP_MS });
      await page.keyboard.press('Home');
      await said(count, '1 / 600');
      await page.getByRole('button', { name: 'play' }).waitFor({ timeout: STEP_MS });
      assert.deepEqual(faults, []);
    }),
);

const said = (place: Locator, text: string): Promise<void> =>
  place.filter({ hasText: text }).waitFor({ timeout: STEP_MS });

const widthOf = async (card: Locator): Promise<number> => (await card.boundingBox())?.width ?? 0;

const pictureOf = (page: Page): Promise<string> =>
  page.locator('canvas.lanes').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL()); // it is one

const transitionsOf = (edges: Locator): Promise<string[]> =>
  edges.evaluateAll((all) => all.flatMap((edge) => (edge.getAttribute('data-transitions') ?? '').split(' ')));

const scaleOf = (card: Locator): Promise<number> =>
  card.locator('.world').evaluate((world) => new DOMMatrix(getComputedStyle(world).transform).a);

/** States of the card's chart that do not lie within its frame. */
const outside = (card: Locator): Promise<string[]> =>
  card.locator('.frame').evaluate((frame) => {
    const { left, top, right, bottom } = frame.getBoundingClientRect();
    return [...frame.querySelectorAll('.state:not(.root) > .box')].flatMap((box) => {
      const place = box.getBoundingClientRect();
      const isIn =
        place.left >= left - 1 &&
        place.top >= top - 1 &&
        place.right <= right + 1 &&
        place.bottom <= bottom + 1;
      return isIn ? [] : (box.parentElement?.getAttribute('data-state') ?? '');
    });
  });

/** In the page, as the next one. */
function scaleIsAbove(least: number): boolean {
  const world = document.querySelector('.card.close .world');
  return world !== null && new DOMMatrix(getComputedStyle(world).transform).a > least;
}

function countIsAbove(least: number): boolean {
  return Number.parseInt(document.querySelector('.bar .count')?.textContent ?? '', 10) > least;
}
