/**
 * Owns what an account's own program asks of the coordinators, whichever of them answers and over whatever wire.
 * Must never need more than is here: tests put a replica in this process behind it, programs an HTTP client.
 *
 * All throw MpcErrors with the coordinator's own codes. Whoever is silent is passed over; a repeated request carries the same id.
 */
import type { KeysSaid } from '../bodies.ts';
import type { Mail } from '../rows.ts';
import type {
  AccountsPage,
  AccountView,
  LoginRequest,
  Proof,
  RegisterRequest,
  SendRequest,
} from '../views.ts';

export interface OpenedSession {
  /** Only where the coordinator made it: the answer to a password without a token. */
  readonly token?: string;
  readonly account: string;
  readonly expiresMs: number;
  /** What this place has acknowledged: it begins behind that. */
  readonly acknowledged: number;
}

export interface ListRequest {
  readonly pattern?: string;
  readonly after?: string;
  readonly limit?: number;
}

export interface DirectoryCalls {
  register(request: RegisterRequest, id: string): Promise<AccountView>;
  login(request: LoginRequest): Promise<OpenedSession>;
  renew(token: string, lifetimeMs: number): Promise<OpenedSession>;
  logout(token: string): Promise<void>;
  change(
    token: string,
    change: { readonly password?: string | null; readonly keys?: KeysSaid },
    proof: Proof,
  ): Promise<void>;
  delete(token: string, proof: Proof): Promise<void>;
  account(token: string, name: string): Promise<AccountView>;
  list(token: string, request: ListRequest): Promise<AccountsPage>;
  send(token: string, request: SendRequest): Promise<{ readonly number: number }>;
  acknowledge(token: string, number: number): Promise<void>;
  /** Messages after that number as they come. Ends, or throws, when the connection does. `onOpen`: somebody answers. */
  follow(token: string, after: number, signal: AbortSignal, onOpen: () => void): AsyncIterable<Mail>;
  /** Names of those who take part in a collaboration, sorted. */
  participants(token: string, collaboration: string): Promise<readonly string[]>;
}

/** All accounts of that pattern, page after page. */
export async function allAccounts(
  calls: Pick<DirectoryCalls, 'list'>,
  token: string,
  pattern: string,
): Promise<readonly AccountView[]> {
  const accounts: AccountView[] = [];
  for (let after: string | undefined; ; ) {
    const page = await calls.list(token, { pattern, ...(after === undefined ? {} : { after }) });
    accounts.push(...page.accounts);
    if (page.next === undefined) return accounts;
    after = page.next;
  }
}
