/**
 * Owns running what a document says: its files are written, its commands run in order in an empty directory against the built `mpc`,
 * and what it says they print is compared. Must never leave a process behind.
 *
 * Blocks by the first words behind their fence:
 *   sh             commands, in one bash for the whole document: variables and background jobs stay
 *   sh exit=65     … of which the last ends with that code
 *   text           what the block before prints; … is anything within a line, a line of … is any lines
 *   sql FILE       (toml, js, csv, json, too) the content of that file
 * Any other block is for reading.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.ts';
import { ROOT } from './rows.ts';

export interface Block {
  /** What stands behind the fence: `sh exit=65`, `sql query.sql`. */
  readonly info: string;
  readonly text: string;
  /** Of the fence, from 1. */
  readonly line: number;
}

/** Fenced blocks of a file below the repository's root, in order. */
export function blocksOf(file: string): Block[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', info] = /^( *)```(.*)$/.exec(lines[at] ?? '') ?? [];
    if (info === undefined) continue;
    const line = at + 1;
    const content: string[] = [];
    for (at++; at < lines.length && lines[at]?.trim() !== '```'; at++)
      content.push((lines[at] ?? '').slice(Math.min(indent.length, lines[at]?.length ?? 0)));
    blocks.push({ info: info.trim(), text: `${content.join('\n')}\n`, line });
  }
  return blocks;
}

/** Ports that documents name: each becomes one that is free. */
const PORTS = { 8080: 0, 8090: 10, 8091: 11, 8092: 12, 4222: 20 } as const;

const FILE = /^(?:sql|toml|js|csv|json) ([\w./-]+)$/;

/** Runs a document; gives how many blocks of commands it ran. Fails with the block's line. */
export async function runDocument(file: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-document-'));
  const home = join(directory, 'home');
  const work = join(directory, 'work');
  const out = join(directory, 'out');
  const bin = join(directory, 'bin');
  for (const path of [home, work, out, bin]) mkdirSync(path);
  writeFileSync(join(bin, 'mpc'), `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'bin/mpc')}' "$@"\n`);
  chmodSync(join(bin, 'mpc'), 0o755);
  const first = await freePorts();
  const blocks = blocksOf(file).map((block) => ({
    ...block,
    text: Object.entries(PORTS).reduce(
      (text, [port, more]) => text.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), String(first + more)),
      block.text,
    ),
  }));
  const commands = blocks.filter(({ info }) => /^sh\b/.test(info));
  const script = join(directory, 'script');
  writeFileSync(script, scriptOf(blocks, out));
  const { NO_COLOR: _, FORCE_COLOR: __, NATS_URL: ___, ...inherited } = process.env;
  const child = spawn('bash', ['--norc', script], {
    cwd: work,
    // A group of its own, so that what a failed document leaves in the background ends with it.
    detached: true,
    stdio: 'ignore',
    env: { ...inherited, MPC_HOME: home, PATH: `${bin}:${process.env.PATH}` },
  });
  try {
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    for (const block of commands) compare(file, block, blocks, out, code);
    assert.equal(code, 0, `${file}: bash ended with ${code}`);
    return commands.length;
  } finally {
    await endGroup(child.pid);
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

function scriptOf(blocks: readonly Block[], out: string): string {
  const parts = blocks.map(({ info, text, line }) => {
    const [, name] = FILE.exec(info) ?? [];
    if (name !== undefined) return `cat > '${name}' <<'END_OF_${line}'\n${text}END_OF_${line}`;
    if (!/^sh\b/.test(info)) return '';
    const [, wanted = '0'] = /exit=(\d+)/.exec(info) ?? [];
    const save = `exec > '${join(out, String(line))}' 2>&1`;
    // In a shell of its own a block may fail; others go on in the one of the document.
    if (wanted !== '0')
      return `${save}\nset +e; (set -e\n${text}); code=$?; set -e; [ $code = ${wanted} ] || exit 1`;
    return `${save}\n${text}`;
  });
  return ['set -euo pipefail', ...parts, 'exit 0'].join('\n');
}

/** What the block printed is what stands in the document behind it. */
function compare(
  file: string,
  block: Block,
  blocks: readonly Block[],
  out: string,
  code: number | null,
): void {
  const place = `${file}:${block.line}`;
  let said: string;
  try {
    said = readFileSync(join(out, String(block.line)), 'utf8');
  } catch {
    assert.fail(`${place} was not reached: bash ended with ${code} before`);
  }
  const next = blocks[blocks.indexOf(block) + 1];
  const isLast = code !== 0 && !blocks.some((later) => later.line > block.line && reached(out, later));
  assert.ok(!isLast, `${place} failed:\n${block.text}\n${said}`);
  if (next?.info !== 'text') return;
  assert.match(
    said,
    patternOf(next.text),
    `${place}: what it prints is not what the document says:\n${said}\n`,
  );
}

function reached(out: string, { info, line }: Block): boolean {
  if (!/^sh\b/.test(info)) return false;
  try {
    readFileSync(join(out, String(line)));
    return true;
  } catch {
    return false;
  }
}

/** … is anything within a line; a line of nothing else is any lines, or none. */
export function patternOf(text: string): RegExp {
  const lines = text.trimEnd().split('\n');
  const pattern = lines.map((line) => {
    if (line.trim() === '…') return '(?:.*\\n)*?';
    const words = line.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return `${words.replaceAll('…', '.*?')}[ \\t]*\\n`;
  });
  return new RegExp(`^${pattern.join('')}$`);
}

/** Roles have sessions of their own; they end when the mpc that started them is gone. */
async function endGroup(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(-pid, signal);
    } catch {
      return; // nobody of the group is left
    }
    for (let tries = 0; tries < 100 && isThere(-pid); tries++)
      await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
