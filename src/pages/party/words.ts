/**
 * Owns the plain words for what a collaboration is, where it stands, and what its parties agree to.
 */
import type { Invitation, TakingPart } from './service.ts';

/** `asked`: this party's people have something to decide; `result`: there is one for them. */
export type Stage = 'asked' | 'underway' | 'result' | 'finished' | 'ended';

const BEFORE_START = ['open', 'registering', 'collecting'];
const ENDED: readonly string[] = ['failed', 'expired', 'cancelled'];
/** How this party's part may end without the others'. */
const LEFT: readonly string[] = ['refused', 'withdrawn', 'leftOut'];

export function stageOf({ collaboration, part }: TakingPart): Stage {
  const { status, outputs } = collaboration;
  if (ENDED.includes(status)) return 'ended';
  if (part.part !== null && LEFT.includes(part.part)) return 'ended';
  if (part.part === 'done' && outputs.includes(part.party)) return 'result';
  if (part.withdrawn) return outputs.includes(part.party) ? 'underway' : 'ended';
  const rowsMissing = part.part === null && part.tables.some(({ given }) => !given);
  if (BEFORE_START.includes(status) && (!part.approved || rowsMissing)) return 'asked';
  if (status === 'finished' && !outputs.includes(part.party)) return 'finished';
  if (status === 'finished' && !part.approved) return 'asked';
  return 'underway';
}

export const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  asked: 'Waiting for you',
  underway: 'Under way',
  result: 'Result is here',
  finished: 'Finished',
  ended: 'Ended without a result',
};

/** What a collaboration is called: its tables, which people know. */
export function titleOf({ collaboration, part }: TakingPart): string {
  const own = part.tables.map(({ table }) => table);
  const all = collaboration.inputParties.flatMap(({ tables }) => tables.map(({ table }) => table));
  const tables = [...new Set([...own, ...all])];
  return tables.length === 0 ? 'A question over earlier results' : `A question over ${listed(tables)}`;
}

/** Who takes part beside this party, sorted. */
export function othersIn({ collaboration, part }: TakingPart): string[] {
  const all = new Set([...collaboration.inputs, ...collaboration.outputs]);
  return [...all].filter((party) => party !== part.party).sort();
}

const PARTS: Readonly<Record<string, string>> = {
  'init.checkingRows': 'Your rows are being checked.',
  registering: 'Your approval is on its way to everyone.',
  waitingForMasks: 'Your client waits for randomness to mask your rows with.',
  masking: 'Your rows are being masked, on this machine.',
  uploading: 'Your masked rows are on their way to both servers.',
  waitingForResult: 'Your part is done until the servers have computed.',
  combining: "The servers' two halves are being put together, on this machine.",
  done: 'Your part is done. What masked your rows is destroyed.',
  refused: 'Your rows do not fit what was agreed: nothing was sent.',
  withdrawn: 'You have taken your part back. What masked your rows is destroyed.',
  leftOut: 'The others started without you.',
};

export const partWords = (part: string | null): string => (part === null ? '' : (PARTS[part] ?? ''));

/** The terms of a descriptor, a sentence each. */
export function termsOf({ descriptor, collaboration }: Invitation): string[] {
  const { minGroupSize, minimum, reruns, resultUses, sources } = descriptor;
  const terms = [`It ends by itself on ${when(collaboration.deadline)}.`];
  terms.push(
    minimum === null
      ? 'It starts when everyone who brings rows has sent them.'
      : `It may start with ${minimum.parties} of those who bring rows, if the others have not come after ${duration(minimum.waitMs)}.`,
  );
  if (minGroupSize > 1) terms.push(`Groups of fewer than ${minGroupSize} rows stay hidden.`);
  if (reruns > 0)
    terms.push(
      `It may be computed again ${times(reruns)} on changed rows: the receivers then learn ${reruns + 1} results.`,
    );
  if (resultUses > 0)
    terms.push(
      `Later questions may read its result ${times(resultUses)} without anyone seeing it; each has to be approved, too.`,
    );
  for (const { table, result, parties } of sources)
    terms.push(`It reads the earlier result ${result} as ${table}, which holds rows of ${listed(parties)}.`);
  return terms;
}

export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

export const counted = (count: number, one: string, more = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : more}`;

/** In the reader's own time zone. */
export const when = (iso: string): string =>
  new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

function duration(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 120) return counted(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 48 ? counted(hours, 'hour') : counted(Math.round(hours / 24), 'day');
}

/** A digest as people read it out: its first digits, four by four. */
export const spoken = (digest: string): string => `${digest.slice(0, 4)} ${digest.slice(4, 8)}`;

type Column = Invitation['specification']['tables'][number]['columns'][number];

/** What a column may hold. */
export function columnWords({ type, scale, least, most, values, nullable }: Column): string {
  const empty = nullable ? '; may be empty' : '';
  if (type === 'boolean') return `true or false${empty}`;
  if (values !== undefined) return `one of ${values.join(', ')}${empty}`;
  if (type === 'text') return `text${empty}`;
  const bound = (units: string | undefined): string => (type === 'date' ? day(units) : decimal(units, scale));
  const kind =
    type === 'date' ? 'a date' : scale === 0 ? 'a whole number' : `a number, ${counted(scale, 'decimal')}`;
  return `${kind}, from ${bound(least)} to ${bound(most)}${empty}`;
}

const day = (days = '0'): string => new Date(Number(days) * 86_400_000).toISOString().slice(0, 10);

/** Units of 10^-scale as a decimal number, exactly; decimals that say nothing are left out. */
function decimal(units = '0', scale: number): string {
  const sign = units.startsWith('-') ? '−' : '';
  const digits = units.replace('-', '').padStart(scale + 1, '0');
  const whole = BigInt(digits.slice(0, digits.length - scale)).toLocaleString('en');
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${sign}${whole}${scale === 0 || fraction === '' ? '' : `.${fraction}`}`;
}
