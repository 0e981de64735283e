/**
 * Owns the form of what callers send the directory, the same over every wire.
 * Must never take more than the directory could use: what is longer is refused before it costs anything.
 */
import { z } from 'zod';
import { directoryBodies } from './bodies.ts';
import { BOUNDS } from './bounds.ts';
import { accountName } from './names.ts';

const [{ shape: registerAccount }, , , , , , , sendMessage] = directoryBodies;
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);
export const password = z
  .string()
  .max(BOUNDS.longestPassword)
  .meta({ description: `${BOUNDS.shortestPassword} to ${BOUNDS.longestPassword} bytes` });
export const lifetimeMs = z.int().min(BOUNDS.shortestSessionMs).max(BOUNDS.longestSessionMs);
/** As the log's own command takes them. */
export const accountKeysSchema = registerAccount.keys
  .unwrap()
  .meta({ id: 'AccountKeys', description: "Public keys, and the owner's signature that they are its own" });

const bySignature = z.strictObject({ atMs: z.int().min(0), signature });
export const proofSchema = z
  .union([z.strictObject({ password }), bySignature])
  .meta({ id: 'Proof', description: 'The password once more, or a fresh signature' });

export const newAccountSchema = z
  .strictObject({ account: accountName, password: password.optional(), keys: accountKeysSchema.optional() })
  .meta({
    id: 'NewAccount',
    description: "A party's name needs keys that the party's enrolled key has signed",
  });

export const loginSchema = z
  .union([
    z.strictObject({
      account: accountName,
      password,
      token: z
        .string()
        .max(64)
        .optional()
        .meta({ description: 'A token of the caller’s making: retries open one session then' }),
      lifetimeMs: lifetimeMs.optional(),
    }),
    bySignature.extend({ account: accountName, session: digest, lifetimeMs: lifetimeMs.optional() }),
  ])
  .meta({ id: 'Login' });

export const newMessageSchema = sendMessage
  .omit({ kind: true })
  .extend({
    id: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .meta({ description: 'The same for every retry' }),
  })
  .meta({ id: 'NewMessage', description: "Sealed to the recipient's key" });

/** Of a pattern that names are looked up by. */
export const PATTERN_CHARACTERS = 64;
