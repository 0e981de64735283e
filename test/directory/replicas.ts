/**
 * Builds replicas with the directory's service on a bus, and people who sign in and write to each other.
 */
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import { startCoordinatorService } from '../../src/coordination/service.ts';
import { idFor, openMessage, sealMessage } from '../../src/directory/message.ts';
import { replicaPort } from '../../src/directory/port.ts';
import type { Mail } from '../../src/directory/rows.ts';
import { DirectoryService } from '../../src/directory/service.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { newToken, tokenDigest } from '../../src/directory/token.ts';
import type { SignedIn } from '../../src/directory/views.ts';
import { secretFor } from '../../src/identity/identity.ts';
import { type SealingKey, sealingKeyOf } from '../../src/identity/sealing.ts';
import { coordinator, DEPLOYMENT, type Person, person, rules } from './played.ts';

export interface DirectoryReplica {
  readonly directory: DirectoryService;
  readonly follower: Follower;
  stop(): Promise<void>;
}

export async function startDirectory(bus: Bus): Promise<DirectoryReplica> {
  const follower = await followLog({ bus, ...rules });
  await follower.caughtUp;
  const service = await startCoordinatorService({
    bus,
    ...rules,
    identity: coordinator,
    clock: systemClock,
    follower,
  });
  const log = await bus.log(subjects.logStream(DEPLOYMENT));
  const directory = new DirectoryService({
    port: replicaPort({ follower, service, lastEntry: () => log.last() }),
    clock: systemClock,
    random: systemRandom,
    pepper: secretFor(coordinator, 'passwords'),
  });
  return {
    directory,
    follower,
    stop: async () => {
      directory.stop();
      await service.stop();
      follower.stop();
    },
  };
}

/** A person with all they keep at home. */
export class Member {
  readonly person: Person;
  readonly sealingKey: SealingKey;

  private constructor(who: Person, sealingKey: SealingKey) {
    this.person = who;
    this.sealingKey = sealingKey;
  }

  get name(): string {
    return this.person.name;
  }

  static async make(name: string): Promise<Member> {
    const who = await person(name);
    return new Member(who, sealingKeyOf(who.identity));
  }

  async register({ directory }: Pick<DirectoryReplica, 'directory'>): Promise<void> {
    const keys = sayKeys({ deployment: DEPLOYMENT, account: this.name, ...this.person, nowMs: Date.now() });
    await directory.register({ account: this.name, keys });
  }

  /** At a new place: the token is this place's own. */
  async signIn({
    directory,
  }: Pick<DirectoryReplica, 'directory'>): Promise<SignedIn & { readonly token: string }> {
    const token = newToken(systemRandom);
    const statement = {
      kind: 'session',
      account: this.name,
      session: tokenDigest(token),
      atMs: Date.now(),
    } as const;
    const signature = signStatement(DEPLOYMENT, this.person.identity, statement);
    return { ...(await directory.login({ ...statement, signature })), token };
  }

  /** `id` is the message's: the same for its retries. */
  async send(
    { directory }: Pick<DirectoryReplica, 'directory'>,
    session: SignedIn,
    to: Member,
    text: string,
    id = newCommandId(systemRandom),
  ): Promise<number> {
    const { identity, sealing } = to.person;
    const recipient = { account: to.name, keys: { signing: identity.publicKey, sealing } };
    const sealed = sealMessage(
      { deployment: DEPLOYMENT, identity: this.person.identity, random: systemRandom },
      { from: this.name, to: [to.name], id, sentMs: Date.now(), text },
      recipient,
    );
    const { number } = await directory.send(session, { id: idFor(id, to.name), to: to.name, ...sealed });
    return number;
  }

  async read(mail: Mail, from: Member): Promise<string> {
    if (mail.kind !== 'message') throw new Error('this is a notice');
    const recipient = { deployment: DEPLOYMENT, account: this.name, sealingKeys: [this.sealingKey] };
    return (await openMessage(recipient, mail, from.person.identity.publicKey)).text;
  }
}
