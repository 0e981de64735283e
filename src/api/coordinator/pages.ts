/**
 * Owns the pages of the list of collaborations, and the text of answers that are given again and again. What was made stays true until
 * the log goes on: a page is made once for every entry, however often it is asked for.
 */
import type { z } from 'zod';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { inputParties } from '../../coordination/descriptor.ts';
import type { Replica } from './seams.ts';
import type { statusSchema, summarySchema, Views } from './views.ts';

interface Page {
  readonly items: z.infer<typeof summarySchema>[];
  /** The last id on it where more follow. */
  readonly next: string | null;
}

interface PageQuery {
  readonly status?: z.infer<typeof statusSchema> | undefined;
  readonly party?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Pages kept of one state of the log. */
const KEPT = 64;

export class Pages {
  readonly #views: Views;
  #sequence = -1;
  #sorted: readonly Collaboration[] = [];
  readonly #made = new Map<string, Buffer>();

  constructor(views: Views) {
    this.#views = views;
  }

  /** A page as the bytes of its JSON. */
  of(replica: Pick<Replica, 'sequence' | 'collaborations'>, query: PageQuery): Buffer {
    const sequence = replica.sequence();
    if (sequence !== this.#sequence) {
      this.#sequence = sequence;
      this.#sorted = replica.collaborations();
      this.#made.clear();
    }
    const { status = '', party = '', after = '', limit } = query;
    const key = [status, party, after, limit].join(' ');
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const page = Buffer.from(JSON.stringify(this.#make(query)));
    if (this.#made.size < KEPT) this.#made.set(key, page);
    return page;
  }

  #make({ status, party, after, limit }: PageQuery): Page {
    const items = [];
    for (const collaboration of this.#sorted) {
      if (after !== undefined && collaboration.id <= after) continue;
      if (status !== undefined && collaboration.status !== status) continue;
      if (party !== undefined && !takesPart(collaboration, party)) continue;
      if (items.length === limit) return { items, next: items.at(-1)?.id ?? null };
      items.push(this.#views.summary(collaboration));
    }
    return { items, next: null };
  }
}

const takesPart = ({ descriptor }: Collaboration, party: string): boolean =>
  descriptor.outputs.includes(party) || inputParties(descriptor).includes(party);

/** Writes JSON, once for each object: nobody changes one that was answered. */
export function textOnce(): (answer: unknown) => string {
  const texts = new WeakMap<object, string>();
  return (answer) => {
    if (typeof answer !== 'object' || answer === null) return JSON.stringify(answer);
    const known = texts.get(answer);
    if (known !== undefined) return known;
    const text = JSON.stringify(answer);
    texts.set(answer, text);
    return text;
  };
}
