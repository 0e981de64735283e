/**
 * Builds what an account's program asks of the coordinators on replicas in this process, with connections that break.
 */
import { MpcError } from '../../src/base/errors.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import type { Mail } from '../../src/directory/rows.ts';
import type { DirectoryService } from '../../src/directory/service.ts';

export interface Trouble {
  /** Whether this request is lost on its way there. */
  readonly lost: () => boolean;
  /** Whether its answer is lost, though it was done. */
  readonly unheard: () => boolean;
  /** Whether a stream of messages breaks before this one. */
  readonly breaks: () => boolean;
  /** Acknowledgements never come through. */
  readonly isDeaf?: boolean;
}

const NO_TROUBLE: Trouble = { lost: () => false, unheard: () => false, breaks: () => false };

const broken = (): MpcError => new MpcError('api.silent', 'the connection broke');

/** Asks one replica after the other until one answers, as an HTTP client with several URLs does. */
export function localCalls(replicas: readonly DirectoryService[], trouble = NO_TROUBLE): DirectoryCalls {
  let at = 0;
  const here = (): DirectoryService => replicas[at % replicas.length]!;
  const ask = async <Answer>(act: (directory: DirectoryService) => Promise<Answer>): Promise<Answer> => {
    for (let tries = 1; ; tries++) {
      try {
        if (trouble.lost()) throw broken();
        const answer = await act(here());
        if (trouble.unheard()) throw broken();
        return answer;
      } catch (error) {
        at++;
        const again = error instanceof MpcError && /^(api|coordinator|bus)\./.test(error.code);
        if (!again || tries === 50) throw error;
      }
    }
  };
  return {
    register: (request, id) => ask((directory) => directory.register(request, id)),
    login: (request) => ask((directory) => directory.login(request)),
    renew: (token, lifetimeMs) => ask(async (it) => it.renew(await it.authenticate(token), lifetimeMs)),
    logout: (token) => ask(async (it) => it.logout(await it.authenticate(token))),
    change: (token, change, proof) =>
      ask(async (it) => it.change(await it.authenticate(token), change, proof)),
    delete: (token, proof) => ask(async (it) => it.delete(await it.authenticate(token), proof)),
    account: (_, name) => ask((it) => it.account(name)),
    list: (_, request) => ask(async (it) => it.list(request)),
    send: (token, request) => ask(async (it) => it.send(await it.authenticate(token), request)),
    acknowledge: (token, number) =>
      trouble.isDeaf === true
        ? Promise.reject(broken())
        : ask(async (it) => it.acknowledge(await it.authenticate(token), number)),
    async *follow(token, after, signal, onOpen): AsyncGenerator<Mail> {
      at++;
      const it = here();
      const session = await it.authenticate(token);
      onOpen();
      for await (const mail of it.subscribe(session, after, signal)) {
        if (trouble.breaks()) throw broken();
        yield mail;
      }
    },
    participants: async () => ['ann', 'bob', 'cyd'],
  };
}
