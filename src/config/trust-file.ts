/**
 * Owns the file in which an organisation keeps whom it deals with: for each organisation its roles' and parties' public keys, and
 * the authority of its brokers' certificates. All roles of one organisation read the same file; `mpc trust add` writes it.
 * Must never hold a secret, nor two keys for one address.
 */
import { z } from 'zod';
import type { ConfigFault } from './faults.ts';
import { configError, faultAt, schemaFaults } from './faults.ts';
import { readToml, type TomlFile } from './toml.ts';

export const name = z.string().regex(/^[a-z0-9_-]{1,64}$/, 'use 1 to 64 of a-z, 0-9, _ and -');
export const publicKey = z.string().regex(/^U[A-Z2-7]{55}$/, 'expected a public key, U and 55 characters');
/** Who takes part: server-a, server-b, server-c, dealer, coordinator, party-NAME. */
export const addressName = z
  .string()
  .regex(
    /^(server-[abc]|dealer|coordinator|party-[a-z0-9_-]{1,64})$/,
    'expected server-a, server-b, server-c, dealer, coordinator or party-NAME',
  );

const organisationSchema = z.strictObject({
  /** Public keys by address. */
  keys: z.record(addressName, publicKey).default({}),
  /** Public key with which its broker joins another organisation's as a leaf. */
  broker: publicKey.optional(),
  /** PEM: the authority that its brokers' certificates come from. */
  authority: z.string().optional(),
});

const trustSchema = z.strictObject({
  deployment: name,
  organisations: z.record(name, organisationSchema).default({}),
});

export type TrustedOrganisation = z.infer<typeof organisationSchema>;
export type TrustFile = z.infer<typeof trustSchema>;

/** Throws `config.*`. */
export function loadTrust(file: string): TrustFile {
  const toml = readToml(file);
  const parsed = trustSchema.safeParse(toml.values);
  if (!parsed.success) throw configError(schemaFaults(parsed.error, trustSchema, toml));
  const twice = doubleKeys(parsed.data, toml);
  if (twice.length > 0) throw configError(twice);
  return parsed.data;
}

/** Everyone's public key by address. */
export function keysOf({ organisations }: TrustFile): Record<string, string> {
  return Object.assign({}, ...Object.values(organisations).map(({ keys }) => keys));
}

function doubleKeys({ organisations }: TrustFile, toml: TomlFile): ConfigFault[] {
  const seen = new Map<string, string>();
  return Object.entries(organisations).flatMap(([organisation, { keys }]) =>
    Object.entries(keys).flatMap(([address, key]) => {
      const earlier = seen.get(address);
      seen.set(address, earlier ?? key);
      if (earlier === undefined || earlier === key) return [];
      const path = ['organisations', organisation, 'keys', address];
      return [faultAt(toml, path, 'another organisation has another key for it', 'keep the right one')];
    }),
  );
}
