/**
 * Owns what coordinators' answers must look like, over every wire.
 * Must never believe an answer that has not the right form.
 */
import { z } from 'zod';
import { EXIT, MpcError } from '../../base/errors.ts';
import { unreadable } from '../../base/problem.ts';
import { partiesAmong } from '../../bus/subjects.ts';
import {
  collaborationId,
  descriptorDigest,
  parseDescriptor,
  participantsOf,
} from '../../coordination/descriptor.ts';
import { accountName } from '../names.ts';
import type { AccountsPage } from '../views.ts';
import type { OpenedSession } from './calls.ts';

const number = z.int().min(0);
const keysSchema = z.object({
  signing: z.string().regex(/^U[A-Z2-7]{55}$/),
  sealing: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export const accountSchema = z.object({
  account: accountName,
  born: number,
  createdMs: number,
  party: z.boolean(),
  keys: keysSchema.nullable(),
  places: number,
});
export const accountsSchema = z
  .object({ accounts: z.array(accountSchema), next: accountName.nullable() })
  .transform(({ accounts, next }): AccountsPage => ({ accounts, next: next ?? undefined }));
export const sessionSchema = z
  .object({ token: z.string().optional(), account: accountName, expiresMs: number, acknowledged: number })
  .transform(
    ({ token, ...session }): OpenedSession => (token === undefined ? session : { token, ...session }),
  );
export const mailSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('message'),
    number,
    id: z.string().regex(/^[0-9a-f]{32}$/),
    from: accountName,
    timeMs: number,
    sealedTo: z.string(),
    sealed: z.string(),
  }),
  z.object({
    kind: z.literal('undelivered'),
    number,
    timeMs: number,
    account: accountName,
    count: number,
    ids: z.array(z.string()),
  }),
]);
export const sentSchema = z.object({ number });
export const configSchema = z.object({ descriptor: z.unknown() });

/** Throws `api.unreadable`. */
export function told<Answer>(schema: z.ZodType<Answer>, value: unknown): Answer {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw unreadable();
  return parsed.data;
}

/** Its id is its descriptor's digest: no coordinator can add somebody who would get the message too. */
export function partiesOf(collaboration: string, value: unknown): readonly string[] {
  const descriptor = parseDescriptor(value);
  if (collaborationId(descriptorDigest(descriptor)) !== collaboration)
    throw new MpcError(
      'collaboration.other',
      `what the coordinator told is not collaboration ${collaboration}`,
      {
        hint: 'ask another coordinator, and ask who runs this one',
        exitCode: EXIT.protocol,
      },
    );
  return partiesAmong(participantsOf(descriptor));
}
