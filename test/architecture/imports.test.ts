/**
 * Owns the rule that imports only go down: bin -> roles -> src, and inside src from later rooms to earlier ones.
 * Reads the sources as text, so that it holds for types too.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The rooms of src, lowest first. A file may import from its own room and from those before it. */
const ROOMS = [
  'base',
  'ring',
  'circuits',
  'ballot',
  'gates',
  'tape',
  'plan',
  'engine',
  'sql',
  'programs',
  'rows',
  'identity',
  'bus',
  'broker',
  'store',
  'channel',
  'coordination',
  'notify',
  'directory',
  'election',
  'host',
  'observe',
  'inspect',
  'config',
  'duties',
  'box',
  'api',
  'pages',
];

/** What roles may know of src: types and pure functions. */
const ROLES_MAY_USE = ['base', 'coordination', 'election'];

/** What pages may know of src: types of what they are sent. */
const PAGES_MAY_USE = ['src/api/calls/', 'src/inspect/'];

/** What the inspector's page runs itself, as Node does: these files import nothing but types and each other. */
const RUNS_IN_BOTH = ['src/inspect/story.ts', 'src/inspect/picture.ts', 'src/inspect/measures.ts'];

interface Import {
  readonly from: string;
  readonly target: string;
}

const files = ['src', 'roles', 'bin'].flatMap((folder) => filesBelow(join(root, folder)));
const imports = files.flatMap(importsOf);

test('every room of src has its place in the order', () => {
  const rooms = new Set(files.map(roomOf).filter((room) => room?.startsWith('src/')));
  const unknown = [...rooms].filter((room) => !ROOMS.includes(room?.slice(4) ?? ''));
  assert.deepEqual(unknown, []);
  assert.ok(rooms.size >= 15, `expected to see the rooms of src, saw ${rooms.size}`);
});

test('imports only go down', () => {
  const upward = imports.filter(({ from, target }) => {
    const [here, there] = [storeyOf(from), storeyOf(target)];
    if (here !== there) return here < there;
    if (!from.startsWith('src/')) return false;
    return ROOMS.indexOf(roomName(target)) > ROOMS.indexOf(roomName(from));
  });
  assert.deepEqual(upward, []);
  assert.ok(imports.length > 200, `expected to check many imports, saw ${imports.length}`);
});

test('no files name each other in a circle, not even for their types', () => {
  const targets = new Map<string, string[]>();
  for (const { from, target } of imports) targets.set(from, [...(targets.get(from) ?? []), target]);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a circle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  assert.ok(done.size > 200, `expected to walk many files, saw ${done.size}`);
});

test('roles import xstate and pure parts of src, nothing that does I/O', () => {
  const roles = files.filter((file) => file.startsWith('roles/'));
  assert.ok(roles.length >= 6, `expected the roles' charts, saw ${roles.length}`);
  for (const file of roles) {
    for (const specifier of specifiersOf(file)) {
      const fine =
        specifier === 'xstate' ||
        specifier.startsWith('./') ||
        ROLES_MAY_USE.some((room) => specifier.startsWith(`../src/${room}/`));
      assert.ok(fine, `${file} imports ${specifier}`);
    }
  }
});

test('pages import their own room, packages for browsers, and types of what they are sent', () => {
  const pages = imports.filter(
    ({ from, target }) => from.startsWith('src/pages/') && !target.startsWith('src/pages/'),
  );
  for (const { from, target } of pages)
    assert.ok(
      PAGES_MAY_USE.some((room) => target.startsWith(room)),
      `${from} imports ${target}`,
    );
  const inPages = files.filter((file) => file.startsWith('src/pages/'));
  for (const file of [...inPages, ...RUNS_IN_BOTH]) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/^import (?!type )[^;]*?'(\.[^']+)'/gm)) {
      const target = relative(root, resolve(root, dirname(file), specifier));
      const isFine =
        RUNS_IN_BOTH.includes(target) || (inPages.includes(file) && target.startsWith('src/pages/'));
      assert.ok(isFine, `${file} imports more than types from ${target}`);
    }
    assert.doesNotMatch(text, /from 'node:/, `${file} imports a part of Node`);
  }
  assert.ok(inPages.length >= 2 && pages.length >= 1, 'expected to see the pages');
});

test('no file is longer than 400 lines, and each opens with what it owns', () => {
  assert.ok(files.length > 60, `expected to read many files, saw ${files.length}`);
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    assertShort(file, text);
    assert.match(
      text.slice(0, 600),
      /^(#!.*\n)?\/\*\*[\s\S]*?Owns /,
      `${file} does not open with what it owns`,
    );
  }
});

test('tests and benchmarks keep to the same length', () => {
  const others = ['test', 'bench'].flatMap((folder) => filesBelow(join(root, folder)));
  assert.ok(others.length > 200, `expected to read many files, saw ${others.length}`);
  for (const file of others) assertShort(file, readFileSync(join(root, file), 'utf8'));
});

const assertShort = (file: string, text: string): void =>
  assert.ok(text.split('\n').length <= 400, `${file} is longer than 400 lines: split it by meaning`);

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return /\.tsx?$/.test(path) ? [relative(root, path)] : [];
  });
}

function specifiersOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function importsOf(file: string): Import[] {
  return specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ from: file, target: relative(root, resolve(root, dirname(file), specifier)) }));
}

function roomOf(file: string): string | undefined {
  return file.startsWith('src/') ? file.split('/').slice(0, 2).join('/') : undefined;
}

const roomName = (file: string): string => file.split('/')[1] ?? '';

/** 0 for src, 1 for roles, 2 for bin. */
function storeyOf(file: string): number {
  return ['src', 'roles', 'bin'].indexOf(file.split('/')[0] ?? '');
}
