/**
 * Owns where things are in a query's text and how a refusal names the place: line and column, both from 1, the column
 * counted in characters (not bytes), as an editor shows it.
 * Must never quote a row: a query's text is public, and nothing else is known here.
 */
import { utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A query's text with its byte offsets, which is how the parser counts. */
export class SourceText {
  readonly text: string;
  private readonly bytes: Uint8Array;

  constructor(text: string) {
    this.text = text;
    this.bytes = utf8.encode(text);
  }

  /** The place of a byte offset. */
  at(byteOffset: number): Position {
    return placeIn(utf8.decode(this.bytes.subarray(0, this.characterStart(byteOffset))));
  }

  /** The place of a character offset (counted in code points). */
  atCharacter(offset: number): Position {
    return placeIn([...this.text].slice(0, offset).join(''));
  }

  private characterStart(byteOffset: number): number {
    let at = Math.min(Math.max(byteOffset, 0), this.bytes.length);
    while (at < this.bytes.length && (this.bytes[at]! & 0xc0) === 0x80) at -= 1;
    return at;
  }
}

function placeIn(before: string): Position {
  const lines = before.split('\n');
  return { line: lines.length, column: [...lines.at(-1)!].length + 1 };
}

/** A refusal of a query: `code` is dotted below `sql.`, the message says what and the hint what to write instead. */
export function sqlFault(code: string, at: Position, message: string, hint?: string): MpcError {
  return new MpcError(`sql.${code}`, message, {
    exitCode: EXIT.badData,
    place: { line: at.line, column: at.column },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A refusal of something SQL has and we do not. */
export const unsupported = (at: Position, what: string, hint: string): MpcError =>
  sqlFault('unsupported', at, `${what} is not supported`, hint);
