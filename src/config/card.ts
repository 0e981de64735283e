/**
 * Owns an organisation's card: the public keys of what it runs, in a file that it gives to the others. Its fingerprint is read to them
 * by voice, and covers all of it.
 * Must never hold a secret, nor be believed without that fingerprint.
 */
import { stringify } from 'smol-toml';
import { z } from 'zod';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { fingerprint, spoken } from '../identity/identity.ts';
import { configError, schemaFaults } from './faults.ts';
import { readToml } from './toml.ts';
import { addressName, name, publicKey, type TrustedOrganisation, type TrustFile } from './trust-file.ts';

const cardSchema = z.strictObject({
  deployment: name,
  organisation: name,
  /** As in trust-file.ts. */
  broker: publicKey.optional(),
  authority: z.string().optional(),
  keys: z.record(addressName, publicKey),
});

export type Card = z.infer<typeof cardSchema>;

/** Throws `config.*`. */
export function loadCard(file: string): Card {
  const toml = readToml(file);
  const parsed = cardSchema.safeParse(toml.values);
  if (!parsed.success) throw configError(schemaFaults(parsed.error, cardSchema, toml));
  return parsed.data;
}

export const cardText = (card: Card): string =>
  `# What ${card.organisation} runs of the deployment ${card.deployment}. Public: for the other organisations, who add it with
#   mpc trust add THIS-FILE
# and ask for its fingerprint by voice; mpc trust list shows it to ${card.organisation}.
${stringify(card)}\n`;

export const cardFingerprint = (card: Card): string => spoken(utf8.encode(canonicalJson(card)));

/** Whether someone said that fingerprint; case, spaces and dashes do not count. */
export const isFingerprintOf = (card: Card, said: string): boolean =>
  said.toLowerCase().replace(/[^a-z0-9]/g, '') === cardFingerprint(card).replaceAll('-', '');

export const trustedAs = ({ keys, broker, authority }: Card): TrustedOrganisation => ({
  keys,
  ...(broker === undefined ? {} : { broker }),
  ...(authority === undefined ? {} : { authority }),
});

/**
 * The trust file with this card in it. Throws `trust.other-deployment`, `trust.taken` where an address is another organisation's, and
 * `trust.changed` where this organisation had other keys, unless they are to be replaced.
 */
export function withCard(trust: TrustFile, card: Card, replace: boolean): TrustFile {
  const { deployment, organisation } = card;
  if (deployment !== trust.deployment)
    throw refused(
      'trust.other-deployment',
      `this card is of the deployment ${deployment}, not of ${trust.deployment}`,
    );
  for (const [other, { keys }] of Object.entries(trust.organisations))
    for (const address of other === organisation ? [] : Object.keys(card.keys))
      if (address in keys)
        throw refused(
          'trust.taken',
          `${organisation} says that it runs ${address}, which ${other} runs`,
          'agree on who runs it; the other then makes a new card',
        );
  const known = trust.organisations[organisation];
  const changes = known === undefined ? [] : changedKeys(known, trustedAs(card));
  if (changes.length > 0 && !replace)
    throw refused(
      'trust.changed',
      `${organisation}'s keys are not those that were known: ${changes.join('; ')}`,
      'ask its people why; if it is right, add --replace',
    );
  return { ...trust, organisations: { ...trust.organisations, [organisation]: trustedAs(card) } };
}

/** What was known and is otherwise now, or gone. What is new is none of that. */
function changedKeys(before: TrustedOrganisation, now: TrustedOrganisation): string[] {
  const keys = (of: TrustedOrganisation): Record<string, string | undefined> => ({
    ...of.keys,
    'its broker': of.broker,
  });
  const after = keys(now);
  const changed = Object.entries(keys(before)).flatMap(([address, key]) => {
    const other = after[address];
    if (key === undefined || other === key) return [];
    return [
      `${address} had ${fingerprint(key)}, and ${other === undefined ? 'is gone' : `now has ${fingerprint(other)}`}`,
    ];
  });
  const isOtherAuthority = before.authority !== undefined && before.authority !== now.authority;
  return isOtherAuthority
    ? [...changed, "the authority of its broker's certificate is another one"]
    : changed;
}

const refused = (code: string, message: string, hint?: string): MpcError =>
  new MpcError(code, message, { ...(hint === undefined ? {} : { hint }), exitCode: EXIT.noPermission });
