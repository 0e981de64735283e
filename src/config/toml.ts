/**
 * Owns reading a TOML file, and on which line of it a setting stands.
 * Must never guess a line: a setting that is not in the file has that of the table it belongs to, or none.
 */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { EXIT, MpcError } from '../base/errors.ts';

export type Path = readonly (string | number)[];

export interface TomlFile {
  readonly file: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Of the setting at that path, or else of what encloses it; undefined for the file as a whole. */
  lineOf(path: Path): number | undefined;
}

/** Throws `config.unreadable`, `config.syntax` with line and column. */
export function readToml(file: string): TomlFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new MpcError('config.unreadable', 'the configuration file cannot be read', {
      place: { file },
      hint: 'check the path given to --config; mpc init makes one for each role',
      exitCode: EXIT.badConfig,
    });
  }
  return { file, values: parsed(file, text), lineOf: finder(text) };
}

function parsed(file: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new MpcError('config.syntax', error.message.split('\n')[0] ?? 'not valid TOML', {
      place: { file, line: error.line, column: error.column },
      hint: 'correct the line; TOML is described at toml.io',
      exitCode: EXIT.badConfig,
    });
  }
}

const NAME = `(?:[A-Za-z0-9_-]+|"(?:[^"\\\\]|\\\\.)*"|'[^']*')`;
const DOTTED = `${NAME}(?:\\s*\\.\\s*${NAME})*`;
const TABLE = new RegExp(`^\\s*\\[\\[?\\s*(${DOTTED})\\s*\\]`);
const SETTING = new RegExp(`^\\s*(${DOTTED})\\s*=(.*)$`);
/** What opens or closes a text of several lines. */
const LONG_TEXT = /"""|'''/g;

/** The parser has accepted the text: this only has to find its tables and settings again. */
function finder(text: string): TomlFile['lineOf'] {
  const lines = new Map<string, number>();
  let table: readonly string[] = [];
  let isInside = false;
  for (const [at, line] of text.split('\n').entries()) {
    const wasInside = isInside;
    if ((line.match(LONG_TEXT)?.length ?? 0) % 2 === 1) isInside = !isInside;
    if (wasInside) continue;
    const header = TABLE.exec(line)?.[1];
    const setting = SETTING.exec(line)?.[1];
    if (header !== undefined) table = names(header);
    const path =
      header !== undefined ? table : setting === undefined ? undefined : [...table, ...names(setting)];
    if (path !== undefined && !lines.has(key(path))) lines.set(key(path), at + 1);
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(key(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  };
}

const key = (path: Path): string => JSON.stringify(path.map(String));

function names(dotted: string): string[] {
  return [...dotted.matchAll(new RegExp(NAME, 'g'))].map(([name]) =>
    name.startsWith('"') ? String(JSON.parse(name)) : name.replace(/^'(.*)'$/, '$1'),
  );
}
