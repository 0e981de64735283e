/**
 * Owns how pictures for the documents are written: what the window shows, as WebP, which is a third of the size of PNG.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../support/rows.ts';

const QUALITY = 84;

/** `folder`: from the top of the repository. */
export async function writePicture(page: Page, folder: string, file: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  // Playwright's own makes no WebP.
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  await devtools.detach();
  const bytes = Buffer.from(data, 'base64');
  writeFileSync(join(ROOT, folder, file), bytes);
  process.stdout.write(`${file}: ${Math.round(bytes.length / 1024)} KiB\n`);
}
