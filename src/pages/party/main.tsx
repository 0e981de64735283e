/**
 * Owns the start of the party's page: the token, the connection to the party's own client, and what is known so far.
 */
import { render } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';
import { takeToken } from '../shared/token.ts';
import { Frame, Message } from './frame.tsx';
import { type Heard, type Post, Refusal, Service, type TakingPart } from './service.ts';

export interface Known {
  readonly party: string;
  readonly deployment: string;
  /** The newest first. */
  readonly taking: readonly TakingPart[];
  /** Its account and conversations; undefined for the moment until they are told. */
  readonly post?: Post;
}

interface State {
  readonly known?: Known;
  /** Why the client cannot be heard now; undefined while it can. */
  readonly lost?: string;
  /** Why this page can do nothing at all. */
  readonly shut?: Refusal;
}

type Happened = Heard | { readonly kind: 'shut'; readonly refusal: Refusal };

function next(state: State, happened: Happened): State {
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

function Page({ service }: { readonly service: Service }) {
  const [{ known, lost, shut }, happen] = useReducer(next, {});
  useEffect(() => {
    const ending = new AbortController();
    service.follow(happen, ending.signal).catch((error: unknown) => {
      if (error instanceof Refusal) happen({ kind: 'shut', refusal: error });
      else throw error;
    });
    return () => ending.abort();
  }, [service]);
  if (shut !== undefined) return <NoWayIn why="The address that opened this page is not valid any more." />;
  if (known === undefined)
    return (
      <Message title="Connecting to your client">
        <p role="status">{lost === undefined ? 'One moment.' : `Not yet: ${lost}. Asking again.`}</p>
      </Message>
    );
  return <Frame service={service} known={known} lost={lost} />;
}

function NoWayIn({ why }: { readonly why: string }) {
  return (
    <Message title="This page opens by its own address">
      <div role="alert">
        <p>{why}</p>
        <p>
          On the machine of your client, as its user, run <code>mpc page</code> and open the address that it
          prints.
        </p>
      </div>
    </Message>
  );
}

const place = document.getElementById('page');
const token = takeToken(window);
if (place !== null)
  render(
    token === undefined ? (
      <NoWayIn why="Whoever has that address acts for the party, so it is not kept anywhere." />
    ) : (
      <Page service={new Service(token)} />
    ),
    place,
  );
