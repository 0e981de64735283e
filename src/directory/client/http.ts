/**
 * Owns asking coordinators over HTTP: the paths, and what their answers must look like.
 * Must never put a token anywhere but into the header of a request, nor believe an answer that has not the right form.
 */
import type { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { errorOfProblem, unreadable } from '../../base/problem.ts';
import {
  accountSchema,
  accountsSchema,
  configSchema,
  mailSchema,
  partiesOf,
  sentSchema,
  sessionSchema,
  told,
} from './answers.ts';
import type { DirectoryCalls } from './calls.ts';
import { eventsOf } from './event-stream.ts';

export interface HttpDirectoryOptions {
  /** The first coordinator's URL; `request` may ask others. */
  readonly base: string;
  /** Asks one coordinator after the other until one answers; a change carries one `Idempotency-Key` to all of them. */
  readonly request: (request: Request) => Promise<Response>;
  readonly clock: Clock;
}

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

  const answered = async <Answer>(schema: z.ZodType<Answer>, answer: Promise<Response>): Promise<Answer> =>
    told(schema, await (await answer).json().catch(() => undefined));
  return {
    register: (body, id) => answered(accountSchema, ask('POST', '/account', { body, id })),
    login: (body) => answered(sessionSchema, ask('POST', '/session', { body })),
    renew: (token, lifetimeMs) =>
      answered(sessionSchema, ask('PUT', '/session', { token, body: { lifetimeMs } })),
    logout: async (token) => void (await ask('DELETE', '/session', { token })),
    change: async (token, change, proof) =>
      void (await ask('PATCH', '/account', { token, body: { ...change, proof } })),
    delete: async (token, proof) => void (await ask('DELETE', '/account', { token, body: { proof } })),
    account: (token, name) =>
      answered(accountSchema, ask('GET', `/account/${encodeURIComponent(name)}`, { token })),
    list: async (token, wanted) => {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(wanted)) query.set(key, String(value));
      return answered(accountsSchema, ask('GET', `/account?${query}`, { token }));
    },
    send: (token, message) =>
      answered(sentSchema, ask('POST', '/message', { token, body: message, id: message.id })),
    acknowledge: async (token, upTo) =>
      void (await ask('PUT', '/message/acknowledged', { token, body: { number: upTo } })),
    async *follow(token, after, signal, onOpen) {
      const { body } = await ask('GET', `/message/events?after=${after}`, { token, signal });
      if (body === null) throw unreadable();
      onOpen();
      for await (const { data } of eventsOf(body, clock, signal)) yield told(mailSchema, jsonIn(data));
    },
    participants: async (token, collaboration) => {
      const path = `/collaboration/${encodeURIComponent(collaboration)}/compute-config`;
      const { descriptor } = await answered(configSchema, ask('GET', path, { token }));
      return partiesOf(collaboration, descriptor);
    },
  };
}

interface AskParts {
  readonly token?: string;
  /** Members that are undefined are left out. */
  readonly body?: object;
  readonly id?: string;
  readonly signal?: AbortSignal;
}

function jsonIn(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw unreadable();
  }
}
