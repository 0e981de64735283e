/**
 * Owns which keys belong to whom, as this place has seen them: the first seen are pinned, another one is an alarm.
 * Must never replace a pin by itself. The directory is the coordinators'; one that lies could hand out a key of its own and read along:
 * only people who compare fingerprints by voice can rule that out, and only for keys that stay.
 */
import { z } from 'zod';
import { concatBytes, sha256 } from '../../base/bytes.ts';
import { EXIT, MpcError } from '../../base/errors.ts';
import { base32, decodePublicKey } from '../../identity/nkey.ts';
import { accountName } from '../names.ts';
import type { Keys } from '../rows.ts';
import type { AccountView } from '../views.ts';

const pinSchema = z.strictObject({
  signing: z.string(),
  sealing: z.string(),
  born: z.int(),
  pinnedMs: z.int(),
});
const fileSchema = z.strictObject({ version: z.literal(1), pins: z.record(accountName, pinSchema) });

type Pin = z.infer<typeof pinSchema>;

/** Where pins are kept between runs. */
export interface PinStore {
  read(): string | undefined;
  /** On the disk when it returns. */
  write(text: string): void;
}

export type Seen =
  | { readonly what: 'first' | 'same'; readonly keys: Keys }
  | { readonly what: 'changed'; readonly was: Keys; readonly is: Keys };

/**
 * 100 bits of the SHA-256 of both keys as five groups of four letters and digits, to compare by voice. Both count: with another
 * sealing key somebody else could read, with another signing key somebody else could write.
 */
export function accountFingerprint({ signing, sealing }: Keys): string {
  const keys = concatBytes(decodePublicKey(signing), new Uint8Array(Buffer.from(sealing, 'base64url')));
  const text = base32(sha256(keys)).slice(0, 20).toLowerCase();
  return text.match(/.{4}/g)?.join('-') ?? text;
}

export class Pins {
  readonly #store: PinStore;
  readonly #pins: Map<string, Pin>;

  /** Throws `pins.damaged`. */
  constructor(store: PinStore) {
    this.#store = store;
    this.#pins = new Map(Object.entries(pinsIn(store.read())));
  }

  keysOf(account: string): Keys | undefined {
    const pin = this.#pins.get(account);
    return pin === undefined ? undefined : { signing: pin.signing, sealing: pin.sealing };
  }

  /** Compares what the directory says with what was seen before. What is new is pinned. */
  see({ account, born, keys }: AccountView, nowMs: number): Seen {
    if (keys === null)
      throw new MpcError('account.no-keys', `${account} has published no keys`, {
        hint: 'messages go between accounts with keys only',
        exitCode: EXIT.protocol,
      });
    const was = this.keysOf(account);
    if (was === undefined) {
      this.#pin(account, { ...keys, born, pinnedMs: nowMs });
      return { what: 'first', keys };
    }
    const same = was.signing === keys.signing && was.sealing === keys.sealing;
    return same ? { what: 'same', keys } : { what: 'changed', was, is: keys };
  }

  /** Somebody has compared the new fingerprint. */
  trust({ account, born, keys }: AccountView, nowMs: number): void {
    if (keys !== null) this.#pin(account, { ...keys, born, pinnedMs: nowMs });
  }

  #pin(account: string, pin: Pin): void {
    const { signing, sealing, born, pinnedMs } = pin;
    this.#pins.set(account, { signing, sealing, born, pinnedMs });
    this.#store.write(
      `${JSON.stringify({ version: 1, pins: Object.fromEntries(this.#pins) }, undefined, 1)}\n`,
    );
  }
}

/** Throws `account.key-changed`: loud, with both fingerprints. */
export function refuseChanged(account: string, seen: Seen): Keys {
  if (seen.what !== 'changed') return seen.keys;
  throw new MpcError(
    'account.key-changed',
    `THE KEY OF ${account} HAS CHANGED: it was ${accountFingerprint(seen.was)}, the coordinators now say ${accountFingerprint(seen.is)}`,
    {
      hint: `ask ${account} by voice whether that is so, and compare; only then: mpc account trust ${account} (in chat: \\trust ${account})`,
      exitCode: EXIT.protocol,
    },
  );
}

function pinsIn(text: string | undefined): Readonly<Record<string, Pin>> {
  if (text === undefined) return {};
  try {
    return fileSchema.parse(JSON.parse(text)).pins;
  } catch {
    throw new MpcError('pins.damaged', 'the file of known keys is damaged', {
      hint: 'restore pins.json from your backup; without it every key is new again and must be compared',
      exitCode: EXIT.badData,
    });
  }
}
