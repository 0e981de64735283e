/**
 * Owns what the page asks of its party's client service, and what it hears from it. Must never ask anybody else, nor put the token
 * anywhere but into the header of a request.
 */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { components } from '../../api/calls/client-types.ts';

type Schemas = components['schemas'];
export type Overview = Schemas['Overview'];
export type TakingPart = Schemas['TakingPart'];
export type Invitation = Schemas['Invitation'];
export type Review = Schemas['Review'];
export type Result = Schemas['Result'];
export type Election = Schemas['ElectionHere'];
export type Cast = Schemas['Cast'];
export type Found = Schemas['Found'];
export type Post = Schemas['Post'];
export type Said = Schemas['Said'];
export type Reading = Schemas['Reading'];
export type LookedUp = Schemas['LookedUp'];
export type Choice = boolean | number | boolean[] | number[];
type Part = Schemas['Part'];

/** What a service refused, in its words. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, { detail, code, hint }: Pick<Schemas['Problem'], 'detail' | 'code' | 'hint'>) {
    super(detail);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

export type Heard =
  | { readonly kind: 'all'; readonly overview: Overview }
  | { readonly kind: 'one'; readonly taking: TakingPart }
  | { readonly kind: 'post'; readonly post: Post }
  /** The service cannot be reached now, or its client is still catching up; it is asked again. */
  | { readonly kind: 'lost'; readonly why: string };

const AGAIN_MS = 1000;

export class Service {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  invitation(id: string): Promise<Invitation> {
    return this.#json(`/approve/${id}`);
  }

  approve(id: string, digest: string): Promise<Part> {
    return this.#json(`/approve/${id}`, json('PUT', { digest }));
  }

  /** Takes the party's part back. */
  withdraw(id: string): Promise<Part> {
    return this.#json(`/approve/${id}`, { method: 'DELETE' });
  }

  /** Nothing of the file is kept by the service. */
  look({ collaboration, party }: Part, table: string, file: Blob): Promise<Review> {
    return this.#json(`/check/${collaboration}/${party}?${new URLSearchParams({ table })}`, csv(file));
  }

  /** Approves the descriptor of that digest, and hands one table's rows in. */
  give({ collaboration, party, digest }: Part, table: string, file: Blob): Promise<Part> {
    const query = new URLSearchParams({ table, approve: digest });
    return this.#json(`/secrets/${collaboration}/${party}?${query}`, csv(file));
  }

  result({ collaboration, party }: Part): Promise<Result> {
    return this.#json(`/result/${collaboration}/${party}`, { headers: { accept: 'application/json' } });
  }

  async resultAsCsv({ collaboration, party }: Part): Promise<string> {
    const response = await this.#ask(`/result/${collaboration}/${party}`, {
      headers: { accept: 'text/csv' },
    });
    return response.text();
  }

  elections(): Promise<Schemas['ElectionsHere']> {
    return this.#json('/election');
  }

  vote(election: string, credential: string, choice: Choice): Promise<Cast> {
    return this.#json(`/election/${election}/vote`, json('POST', { credential, choice }));
  }

  ballot(election: string, tracker: string): Promise<Found> {
    return this.#json(`/election/${election}/ballot/${tracker}`);
  }

  /** The state of the party's account, looked at anew. */
  post(): Promise<Post> {
    return this.#json('/conversation');
  }

  async registerAccount(): Promise<void> {
    await this.#ask('/account', { method: 'POST' });
  }

  lookUp(account: string): Promise<LookedUp> {
    return this.#json(`/account/${account}`);
  }

  /** Somebody has compared that fingerprint. */
  trust(account: string, fingerprint: string): Promise<LookedUp> {
    return this.#json(`/account/${account}/trust`, json('PUT', { fingerprint }));
  }

  /** `name`: an account's, or `#` and a collaboration's id; so below. */
  read(name: string): Promise<Reading> {
    return this.#json(`/conversation/${encodeURIComponent(name)}`);
  }

  say(name: string, text: string): Promise<Schemas['Stored']> {
    return this.#json(`/conversation/${encodeURIComponent(name)}`, json('POST', { text }));
  }

  async markRead(name: string, number: number): Promise<void> {
    await this.#ask(`/conversation/${encodeURIComponent(name)}/read`, json('PUT', { number }));
  }

  /**
   * Tells of everything that the party takes part in until `signal` is aborted, and comes back after every cut. Rejects only when the
   * token opens nothing.
   */
  async follow(tell: (heard: Heard) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#followOnce(tell, signal);
        tell({ kind: 'lost', why: "your client's service closed the connection" });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refusal && error.status === 401) throw error;
        tell({
          kind: 'lost',
          why: error instanceof Refusal ? error.message : 'your client is not answering',
        });
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #followOnce(tell: (heard: Heard) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#ask('/events', { signal });
    const events = response.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    const reader = events?.getReader();
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
      const { event, data } = next.value;
      if (event === 'all') tell({ kind: 'all', overview: JSON.parse(data) });
      if (event === 'one') tell({ kind: 'one', taking: JSON.parse(data) });
      if (event === 'post') tell({ kind: 'post', post: JSON.parse(data) });
    }
  }

  async #json<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await this.#ask(path, init);
    return response.json();
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.#token}`);
    const response = await fetch(path, { ...init, headers });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Refusal(response.status, {
      detail: problem.detail ?? `the service answered ${response.status}`,
      code: problem.code ?? 'unreadable',
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    });
  }
}

const json = (method: string, body: object): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const csv = (body: Blob): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'text/csv' },
  body,
});
