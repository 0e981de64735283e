/**
 * Owns how numbers and dates are written, exactly: no floating point anywhere. Queries and CSV files share it, so that
 * a literal and a cell of the same text are the same integer.
 */

/** Why a text is no number of the wanted scale. */
export type NumberFault = 'not-a-number' | 'too-many-decimals';

const NUMBER = /^([+-]?)(\d+)(?:\.(\d*))?$|^([+-]?)\.(\d+)$/;

/** Digits of every power of ten that a 64-bit integer can hold. */
const LARGEST_POWER = 18;
export const powerOfTen = (exponent: number): bigint => 10n ** BigInt(exponent);

/** The exponent of the least power of ten that is a multiple of the divisor, which has no prime factors but 2 and 5. */
export function decimalsOf(divisor: bigint): number {
  let digits = 0;
  while (powerOfTen(digits) % divisor !== 0n) digits++;
  return digits;
}

/**
 * A decimal text as an integer in units of 10^-scale. Decimals beyond the scale must be zeros.
 * Texts with more than 40 digits are refused: no column holds them.
 */
export function parseDecimal(text: string, scale: number): bigint | NumberFault {
  const match = NUMBER.exec(text);
  if (!match || text.length > 44) return 'not-a-number';
  const whole = match[2] ?? '0';
  const decimals = match[3] ?? match[5] ?? '';
  if (/[1-9]/.test(decimals.slice(scale))) return 'too-many-decimals';
  const magnitude = BigInt(whole + decimals.slice(0, scale).padEnd(scale, '0'));
  return (match[1] ?? match[4]) === '-' ? -magnitude : magnitude;
}

/** The same as `parseDecimal` as a double, where that is exact beyond doubt (15 digits); else undefined, undecided. */
export function parseShortDecimal(text: string, scale: number): number | undefined {
  if (text.length + scale > 15) return undefined;
  let value = 0;
  let decimals = -1;
  let digits = 0;
  const negative = text.charCodeAt(0) === 45;
  for (let at = negative ? 1 : 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46 && decimals < 0) decimals = 0;
    else if (code >= 48 && code <= 57) {
      value = value * 10 + (code - 48);
      digits += 1;
      if (decimals >= 0) decimals += 1;
    } else return undefined;
  }
  if (digits === 0 || decimals > scale) return undefined;
  for (let missing = scale - Math.max(decimals, 0); missing > 0; missing--) value *= 10;
  return negative && value !== 0 ? -value : value;
}

/** A number written without exponent -> its integer and scale, as a literal of a query. */
export function numberLiteral(text: string): { value: bigint; scale: number; decimal: boolean } | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const decimals = match[3] ?? match[5];
  const scale = decimals?.length ?? 0;
  const value = scale > LARGEST_POWER ? 'not-a-number' : parseDecimal(text, scale);
  return typeof value === 'bigint' ? { value, scale, decimal: text.includes('.') } : undefined;
}

/** An integer in units of 10^-scale as text with exactly `scale` decimals. */
export function formatDecimal(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-scale)}`;
}

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 (proleptic Gregorian calendar) of a text YYYY-MM-DD, years 0001 to 9999. */
export function parseDate(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const same =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return same && year > 0 ? date.getTime() / DAY_MS : undefined;
}

export const formatDate = (days: number): string => new Date(days * DAY_MS).toISOString().slice(0, 10);

/** First and last date a column without a CHECK may hold. */
export const DATE_RANGE = {
  lo: BigInt(parseDate('0001-01-01')!),
  hi: BigInt(parseDate('9999-12-31')!),
} as const;
