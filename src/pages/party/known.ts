/**
 * Owns what the page knows so far, and how that changes with what its client tells.
 * Must never keep what the client has not told.
 */
import type { Heard, Post, Refusal, TakingPart } from './service.ts';

export interface Known {
  readonly party: string;
  readonly deployment: string;
  /** The newest first. */
  readonly taking: readonly TakingPart[];
  /** Its account and conversations; undefined for the moment until they are told. */
  readonly post?: Post;
}

export interface State {
  readonly known?: Known;
  /** Why the client cannot be heard now; undefined while it can. */
  readonly lost?: string;
  /** Why this page can do nothing at all. */
  readonly shut?: Refusal;
}

type Happened = Heard | { readonly kind: 'shut'; readonly refusal: Refusal };

export function nextState(state: State, happened: Happened): State {
  const { known } = state;
  switch (happened.kind) {
    case 'all': {
      const { party, deployment, collaborations } = happened.overview;
      const post = known?.post;
      return {
        known: { party, deployment, taking: collaborations, ...(post === undefined ? {} : { post }) },
      };
    }
    case 'post':
      return known === undefined ? state : { ...state, known: { ...known, post: happened.post } };
    case 'one': {
      const { taking } = happened;
      if (known === undefined) return state;
      const { id } = taking.collaboration;
      const isKnown = known.taking.some(({ collaboration }) => collaboration.id === id);
      const all = isKnown
        ? known.taking.map((before) => (before.collaboration.id === id ? taking : before))
        : [taking, ...known.taking];
      return { known: { ...known, taking: all } };
    }
    case 'lost':
      return { ...state, lost: happened.why };
    case 'shut':
      return { ...state, shut: happened.refusal };
  }
}
