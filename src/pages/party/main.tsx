/**
 * Owns the start of the party's page: who it speaks for, and what that party takes part in.
 * Must never ask any host but the one that it came from.
 */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { components } from '../../api/calls/client-types.ts';
import { takeToken } from '../shared/token.ts';

type Status = components['schemas']['ClientStatus'];

async function statusOf(token: string): Promise<Status> {
  const response = await fetch('/sys-status', { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`this client's service answered ${response.status}`);
  return response.json();
}

function Page({ token }: { readonly token: string | undefined }) {
  const [status, setStatus] = useState<Status>();
  const [fault, setFault] = useState(token === undefined ? 'Open the link that mpc page prints.' : undefined);
  useEffect(() => {
    if (token !== undefined)
      statusOf(token).then(setStatus, (error: unknown) =>
        setFault(error instanceof Error ? error.message : String(error)),
      );
  }, [token]);
  return (
    <main class="page">
      <h1>{status === undefined ? 'mpc' : status.party}</h1>
      {fault !== undefined && <p role="alert">{fault}</p>}
      <ul>
        {status?.parts.map(({ collaboration, status: state, part }) => (
          <li key={collaboration}>
            {collaboration}: {state}; here: {part}
          </li>
        ))}
      </ul>
    </main>
  );
}

const place = document.getElementById('page');
if (place !== null) render(<Page token={takeToken(window)} />, place);
