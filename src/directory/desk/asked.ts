/**
 * Owns what may be asked at the desk, and having the directory do it: every request of accounts but following mail.
 * Must never do for a caller what its token does not allow, nor differ from what the same request does over HTTP.
 */
import { z } from 'zod';
import type { Json } from '../../base/canonical.ts';
import { EXIT, MpcError } from '../../base/errors.ts';
import { derivedCommandId } from '../../coordination/commands.ts';
import { BOUNDS } from '../bounds.ts';
import { accountName } from '../names.ts';
import { refusal } from '../refusal.ts';
import {
  accountKeysSchema,
  lifetimeMs,
  loginSchema,
  newAccountSchema,
  newMessageSchema,
  PATTERN_CHARACTERS,
  password,
  proofSchema,
} from '../requests.ts';
import type { DirectoryService } from '../service.ts';
import type { LoginRequest, Proof, RegisterRequest, SignedIn } from '../views.ts';

const id = z.string().regex(/^[0-9a-f]{32}$/);
const token = z.string().max(256);
const number = z.int().min(0);

const askSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('register'), id, account: newAccountSchema }),
  z.strictObject({ do: z.literal('login'), login: loginSchema }),
  z.strictObject({ do: z.literal('renew'), token, lifetimeMs }),
  z.strictObject({ do: z.literal('logout'), token }),
  z.strictObject({
    do: z.literal('change'),
    token,
    password: password.nullable().optional(),
    keys: accountKeysSchema.optional(),
    proof: proofSchema,
  }),
  z.strictObject({ do: z.literal('delete'), token, proof: proofSchema }),
  z.strictObject({ do: z.literal('account'), token, name: accountName }),
  z.strictObject({
    do: z.literal('list'),
    token,
    pattern: z.string().min(1).max(PATTERN_CHARACTERS).optional(),
    after: accountName.optional(),
    limit: z.int().min(1).max(BOUNDS.page).optional(),
  }),
  z.strictObject({ do: z.literal('send'), token, message: newMessageSchema }),
  z.strictObject({ do: z.literal('acknowledge'), token, number }),
  z.strictObject({ do: z.literal('participants'), token, collaboration: z.string().max(64) }),
  z.strictObject({ do: z.literal('follow'), token, after: number }),
]);

/** JSON that was parsed has no members that are undefined, whatever the schema's type says. */
export type Asked = z.infer<typeof askSchema>;

/** Throws `request.malformed`. */
export function askedIn(value: unknown): Asked {
  const parsed = askSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MpcError(
    'request.malformed',
    `${issue?.path.join('.') ?? ''}: ${issue?.message.slice(0, 300) ?? 'not valid'}`,
    { hint: 'is the coordinator of another version?', exitCode: EXIT.badData },
  );
}

export interface Counter {
  readonly directory: DirectoryService;
  /** The descriptor of a collaboration that this replica knows. */
  readonly descriptorOf: (collaboration: string) => Json | undefined;
}

/** Whose token that is. Throws `session.none`. */
export async function callerBy(directory: DirectoryService, token: string): Promise<SignedIn> {
  try {
    return await directory.authenticate(token);
  } catch (error) {
    if (!(error instanceof MpcError) || !error.code.startsWith('session.')) throw error;
    throw refusal('session.none', 'this needs a token of a session that has not ended', 'sign in again');
  }
}

/** `caller`: whose token it holds, where it holds one. */
export async function perform(
  { directory, descriptorOf }: Counter,
  asked: Exclude<Asked, { do: 'register' | 'login' | 'follow' }>,
  caller: SignedIn,
): Promise<object> {
  switch (asked.do) {
    case 'renew':
      return placeOf(await directory.renew(caller, asked.lifetimeMs));
    case 'logout':
      await directory.logout(caller);
      return {};
    case 'change': {
      const { do: _, token: __, proof, ...change } = asked;
      await directory.change(
        caller,
        change as Parameters<DirectoryService['change']>[1],
        proof satisfies Proof,
      );
      return {};
    }
    case 'delete':
      await directory.delete(caller, asked.proof);
      return {};
    case 'account':
      return directory.account(asked.name);
    case 'list': {
      const { do: _, token: __, ...wanted } = asked;
      const { accounts, next } = directory.list(wanted as Parameters<DirectoryService['list']>[0]);
      return { accounts, next: next ?? null };
    }
    case 'send':
      return directory.send(caller, asked.message);
    case 'acknowledge':
      await directory.acknowledge(caller, asked.number);
      return {};
    case 'participants': {
      const descriptor = descriptorOf(asked.collaboration);
      if (descriptor === undefined)
        throw refusal(
          'collaboration.unknown',
          `there is no collaboration ${asked.collaboration}`,
          'check its id, or ask again: a replica may be a moment behind',
        );
      return { descriptor };
    }
  }
}

/** By whoever comes: the same registration for every retry, over every wire. */
export async function performOpen(
  { directory }: Counter,
  asked: Extract<Asked, { do: 'register' | 'login' }>,
): Promise<object> {
  if (asked.do === 'register')
    return directory.register(
      asked.account as RegisterRequest,
      derivedCommandId(['register account', asked.id]),
    );
  const { session: _, ...opened } = await directory.login(asked.login as LoginRequest);
  return opened;
}

/** Its session is its token's digest: nobody needs to be told. */
const placeOf = ({ session: _, ...place }: SignedIn): object => place;
