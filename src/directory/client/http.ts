/**
 * Owns asking coordinators over HTTP: the paths, and what their answers must look like.
 * Must never put a token anywhere but into the header of a request, nor believe an answer that has not the right form.
 */
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { EXIT, MpcError } from '../../base/errors.ts';
import { errorOfProblem, unreadable } from '../../base/problem.ts';
import {
  collaborationId,
  descriptorDigest,
  parseDescriptor,
  participantsOf,
} from '../../coordination/descriptor.ts';
import { accountName } from '../names.ts';
import type { DirectoryCalls, OpenedSession } from './calls.ts';
import { eventsOf } from './event-stream.ts';

export interface HttpDirectoryOptions {
  /** The first coordinator's URL; `request` may ask others. */
  readonly base: string;
  /** Asks one coordinator after the other until one answers; a change carries one `Idempotency-Key` to all of them. */
  readonly request: (request: Request) => Promise<Response>;
  readonly clock: Clock;
}

const number = z.int().min(0);
const keysSchema = z.object({
  signing: z.string().regex(/^U[A-Z2-7]{55}$/),
  sealing: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
const accountSchema = z.object({
  account: accountName,
  born: number,
  createdMs: number,
  party: z.boolean(),
  keys: keysSchema.nullable(),
  places: number,
});
const accountsSchema = z.object({ accounts: z.array(accountSchema), next: accountName.nullable() });
const sessionSchema = z
  .object({ token: z.string().optional(), account: accountName, expiresMs: number, acknowledged: number })
  .transform(
    ({ token, ...session }): OpenedSession => (token === undefined ? session : { token, ...session }),
  );
const mailSchema = z.discriminatedUnion('kind', [
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
const configSchema = z.object({ descriptor: z.unknown() });

export function httpDirectory({ base, request, clock }: HttpDirectoryOptions): DirectoryCalls {
  const home = base.replace(/\/$/, '');

  const ask = async (method: string, path: string, parts: AskParts): Promise<Response> => {
    const { token, body, id, signal } = parts;
    const answer = await request(
      new Request(`${home}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(id === undefined ? {} : { 'idempotency-key': id }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    if (answer.ok) return answer;
    throw errorOfProblem(await answer.json().catch(() => undefined), answer.status);
  };

  const told = async <Answer>(schema: z.ZodType<Answer>, answer: Promise<Response>): Promise<Answer> => {
    const parsed = schema.safeParse(await (await answer).json().catch(() => undefined));
    if (!parsed.success) throw unreadable();
    return parsed.data;
  };
  return {
    register: (body, id) => told(accountSchema, ask('POST', '/account', { body, id })),
    login: (body) => told(sessionSchema, ask('POST', '/session', { body })),
    renew: (token, lifetimeMs) =>
      told(sessionSchema, ask('PUT', '/session', { token, body: { lifetimeMs } })),
    logout: async (token) => void (await ask('DELETE', '/session', { token })),
    change: async (token, change, proof) =>
      void (await ask('PATCH', '/account', { token, body: { ...change, proof } })),
    delete: async (token, proof) => void (await ask('DELETE', '/account', { token, body: { proof } })),
    account: (token, name) =>
      told(accountSchema, ask('GET', `/account/${encodeURIComponent(name)}`, { token })),
    list: async (token, wanted) => {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(wanted)) query.set(key, String(value));
      const { accounts, next } = await told(accountsSchema, ask('GET', `/account?${query}`, { token }));
      return { accounts, next: next ?? undefined };
    },
    send: (token, message) =>
      told(z.object({ number }), ask('POST', '/message', { token, body: message, id: message.id })),
    acknowledge: async (token, upTo) =>
      void (await ask('PUT', '/message/acknowledged', { token, body: { number: upTo } })),
    async *follow(token, after, signal, onOpen) {
      const { body } = await ask('GET', `/message/events?after=${after}`, { token, signal });
      if (body === null) throw unreadable();
      onOpen();
      for await (const { data } of eventsOf(body, clock, signal)) yield mailOf(data);
    },
    participants: async (token, collaboration) => {
      const path = `/collaboration/${encodeURIComponent(collaboration)}/compute-config`;
      const { descriptor } = await told(configSchema, ask('GET', path, { token }));
      return partiesOf(collaboration, descriptor);
    },
  };
}

/** Its id is its descriptor's digest: no coordinator can add somebody who would get the message too. */
function partiesOf(collaboration: string, value: unknown): readonly string[] {
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
  return participantsOf(descriptor)
    .flatMap((address) => (address.startsWith('party-') ? [address.slice('party-'.length)] : []))
    .sort();
}

interface AskParts {
  readonly token?: string;
  /** Members that are undefined are left out. */
  readonly body?: object;
  readonly id?: string;
  readonly signal?: AbortSignal;
}

function mailOf(data: string) {
  try {
    return mailSchema.parse(JSON.parse(data));
  } catch {
    throw unreadable();
  }
}
