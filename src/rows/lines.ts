/**
 * Owns the step from a party's file of bits, one instance a line, to the plain words of its input of a circuit. Must never repeat a
 * line in a complaint: bits are private, even in a log at home.
 */
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Place } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { BitsInput } from '../programs/compiled.ts';
import { bitsOfLine, InstanceWriter } from '../programs/instances.ts';
import type { BitVector } from '../ring/words.ts';
import { rowsFault } from './faults.ts';

export interface LinesFile {
  readonly file: string;
  readonly party?: string | undefined;
  /** Bits of an instance. */
  readonly width: number;
}

/** The number of instances in a file, all of which fit. Throws `rows.*`, exit code 65. */
export function checkLines(options: LinesFile): Promise<number> {
  return readLines(options, () => {});
}

/** The words of a party's input. Throws `rows.*` unless the file has exactly its number of instances. */
export async function encodeLines(file: string, input: BitsInput): Promise<BitVector> {
  const { party, width, maxRows } = input;
  const writer = new InstanceWriter(input);
  const count = await readLines({ file, party, width }, (instance, bits, place) => {
    if (instance >= maxRows) throw wrongCount(`there are more than ${maxRows} instances`, place);
    writer.put(instance, bits);
  });
  if (count < maxRows)
    throw wrongCount(`there are ${count} instances, ${maxRows} were agreed on`, { party: input.party, file });
  return writer.words;
}

async function readLines(
  { file, party, width }: LinesFile,
  onInstance: (instance: number, bits: Uint8Array, place: Place) => void,
): Promise<number> {
  const place = { ...(party === undefined ? {} : { party }), file };
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw rowsFault('no-file', 'there is no such file', place, 'check the path');
  let [count, number] = [0, 0];
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    const line = text.trim();
    if (line === '') continue;
    const bits = bitsOfLine(line, width);
    if (bits === undefined)
      throw rowsFault(
        'not-bits',
        `the line is not a number of ${width} bits`,
        { ...place, line: number },
        `write ${Math.ceil(width / 4)} hexadecimal digits, or ${width} digits 0 and 1, most significant first`,
      );
    if (count * width > LIMITS.rows)
      throw rowsFault(
        'too-many',
        `the file holds more than ${LIMITS.rows} bits`,
        { ...place, line: number },
        'bring fewer instances at once',
      );
    onInstance(count, bits, { ...place, line: number });
    count += 1;
  }
  if (count === 0) throw rowsFault('empty', 'the file holds no instance', place, 'write one on each line');
  return count;
}

const wrongCount = (message: string, place: Place) =>
  rowsFault('count', message, place, 'bring exactly the agreed number: it is public');
