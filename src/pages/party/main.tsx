/**
 * Owns the start of the party's page: the token, and the connection to the party's own client.
 */
import { render } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';
import { takeToken } from '../shared/token.ts';
import { Frame, Message } from './frame.tsx';
import { nextState } from './known.ts';
import { Refusal, Service } from './service.ts';

function Page({ service }: { readonly service: Service }) {
  const [{ known, lost, shut }, happen] = useReducer(nextState, {});
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
