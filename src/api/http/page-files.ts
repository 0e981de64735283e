/**
 * Owns serving a built page from the disk: its few files, read once, with a policy that lets it load nothing from anywhere else.
 * Must never serve a path that is not one of those files. What is served holds no secret: it is open to whoever asks.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Routes } from './face.ts';
import { HttpRefusal } from './problem.ts';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Everything from the page's own origin; no inline code or style, no frames, no forms sent anywhere. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** A page's files by name; none where it has not been built. */
export function readPage(folder: string): ReadonlyMap<string, PageFile> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return new Map();
  }
  return new Map(
    names.flatMap((name): [string, PageFile][] => {
      const type = TYPES[extname(name)];
      return type === undefined ? [] : [[name, { type, bytes: readFileSync(join(folder, name)) }]];
    }),
  );
}

/** Serves the page under `/page/`, and leads whoever comes near there. */
export function pageRoutes(app: Routes, page: ReadonlyMap<string, PageFile>): void {
  const open = { config: { open: true }, schema: { hide: true } };
  for (const near of ['/', '/page']) app.get(near, open, (_, reply) => reply.redirect('/page/'));
  app.get<{ Params: { '*': string } }>('/page/*', open, (request, reply) => {
    const file = page.get(request.params['*'] === '' ? 'index.html' : request.params['*']);
    if (file === undefined) throw noFile(page.size > 0);
    return reply.header('content-security-policy', PAGE_POLICY).type(file.type).send(file.bytes);
  });
}

const noFile = (isBuilt: boolean): HttpRefusal =>
  isBuilt
    ? new HttpRefusal(404, {
        code: 'request.no-path',
        message: 'the page has no such file',
        hint: 'it starts at /page/',
      })
    : new HttpRefusal(404, {
        code: 'build.no-pages',
        message: 'the pages are not built',
        hint: 'run `npm run build` in the checkout, and start this role again',
      });
