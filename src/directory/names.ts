/**
 * Owns what accounts may be called and what a message's text may hold, with a plain reason for what may not.
 * Must never accept two names that look the same: letters beyond a-z are refused by that alone.
 */
import { z } from 'zod';
import { utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { BOUNDS } from './bounds.ts';

const NAME = /^[a-z0-9._-]{1,64}$/;

export const accountName = z.string().regex(NAME);

/** Names that people would take for a part of the system. */
const RESERVED = ['coordinator', 'dealer', 'server-a', 'server-b', 'server-c', 'system', 'mpc'];

/** Throws `name.invalid`, `name.reserved`. */
export function checkAccountName(name: string): string {
  if (!NAME.test(name)) throw invalidName(name);
  if (RESERVED.includes(name) || name.startsWith('party-'))
    throw new MpcError('name.reserved', `no account can be called ${name}`, {
      hint: 'names of roles, and those that begin with party-, are kept free: choose another',
      exitCode: EXIT.badData,
    });
  return name;
}

function invalidName(name: string): MpcError {
  const { length } = name;
  const foreign = [...name].find((character) => !/[a-z0-9._-]/.test(character));
  const what =
    length === 0
      ? 'the name is empty'
      : length > 64
        ? `the name has ${length} characters, more than 64`
        : `the name has a character that names do not have: ${shown(foreign ?? '')}`;
  return new MpcError('name.invalid', what, {
    hint: 'use 1 to 64 of a-z, 0-9, ".", "_" and "-": no capitals, and no letters that only look like these',
    exitCode: EXIT.badData,
  });
}

/** As its code point, since what looks like an "a" may be none. */
function shown(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return /^[!-~]$/.test(character) ? `"${character}" (U+${code})` : `U+${code}`;
}

/** Controls (C0, DEL, C1), line and paragraph separators, and marks that turn the direction of what stands around them. */
const FORBIDDEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
/** Half a surrogate pair: no UTF-8 can hold it. */
const BROKEN = /[\ud800-\udfff]/u;

/** Throws `text.empty`, `text.too-long`, `text.control-character`, `text.not-unicode`. */
export function checkText(text: string): string {
  if (text === '') throw badText('text.empty', 'the text is empty', 'write something');
  if (BROKEN.test(text))
    throw badText('text.not-unicode', 'the text holds half a character', 'send valid UTF-8');
  const bytes = utf8.encode(text).length;
  if (bytes > BOUNDS.textBytes)
    throw badText(
      'text.too-long',
      `the text has ${bytes} bytes, more than ${BOUNDS.textBytes}`,
      'send it in parts',
    );
  const found = FORBIDDEN.exec(text);
  if (found !== null)
    throw badText(
      'text.control-character',
      `the text holds a control character: ${shown(found[0])}`,
      'remove it: a message is one line of plain text',
    );
  return text;
}

const badText = (code: string, message: string, hint: string): MpcError =>
  new MpcError(code, message, { hint, exitCode: EXIT.badData });
