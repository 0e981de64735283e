/**
 * Owns how the pages are built: each folder with an index.html becomes one of dist/pages, whole in itself: markup, style, one script, the
 * typefaces. Must never leave a reference to another host or to a file outside that folder.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const pages = readdirSync(here).filter((name) => existsSync(join(here, name, 'index.html')));

for (const page of pages)
  await build({
    entryPoints: ['index.html', 'page.css', 'main.tsx', '../shared/icon.svg'].map((file) =>
      join(here, page, file),
    ),
    outdir: fileURLToPath(new URL(`../../dist/pages/${page}`, import.meta.url)),
    entryNames: '[name]',
    assetNames: '[name]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.html': 'copy', '.svg': 'copy', '.woff2': 'copy' },
    logLevel: 'warning',
  });
