/**
 * Owns the chapter of elections: what each command does to its tables, or why it is refused.
 * Must never look at a clock, a random source or anything but the commands and its tables: all replicas must agree, and whoever
 * checks the published record plays it through this same chapter. What it keeps beside the tables follows from them.
 */
import { digestOf, type Json } from '../base/canonical.ts';
import { type ErrorReport, MpcError } from '../base/errors.ts';
import {
  type Chapter,
  chapterOf,
  type Moment,
  type Said,
  type Tables,
  type Verdict,
} from '../coordination/chapter.ts';
import type { Trust } from '../coordination/records.ts';
import { type ElectionBody, electionBodies } from './bodies.ts';
import { BoxMemory, type SignatureMemo } from './box-memory.ts';
import { eventOf, NOT_YOURS, refuse, report, SAID_BY, withProgress, wrongState } from './chapter-words.ts';
import { checkElection, ELECTION_SERVERS, electionDigest, electionId, MOST_VOTERS } from './descriptor.ts';
import { chained, firstLink, packItems, unpackItems } from './items.ts';
import { ELECTION_ENDED, type LifeChart, type LifeEvent, statusOfLife } from './life.ts';
import { isSealingKeyOf } from './receipts.ts';
import { combineFragments, fragmentBytes } from './result.ts';
import {
  type Batch,
  type Verdict as BatchVerdict,
  ELECTIONS,
  type Election,
  isElectionServer,
  keyOfPart,
  keyOfVerdict,
} from './rows.ts';
import { unpackVoters, VOTERS_PER_COMMAND, votersRoot } from './voters.ts';

export interface ElectionRules {
  /** The name of the deployment whose log this is. */
  readonly deployment: string;
  readonly trust: Trust;
  readonly chart: LifeChart;
  /** Signatures of voters that this process has verified already, so that a server checks each once. */
  readonly memo?: SignatureMemo;
}

/** Elections kept: each has a list of voters. */
export const KEPT_ELECTIONS = 4096;
/** Of one registrar that have not ended. */
export const OPEN_PER_REGISTRAR = 64;

type SaidOf = Said<ElectionBody>;

export function electionsChapter(rules: ElectionRules): Chapter {
  const memory = new BoxMemory(rules.memo);
  return chapterOf({
    name: ELECTIONS,
    bodies: electionBodies,
    vouchable: [],
    apply: (said, at, tables) => new Step(rules, memory, said, at, tables).apply(),
  });
}

/** One command. */
class Step {
  readonly #rules: ElectionRules;
  readonly #memory: BoxMemory;
  readonly #said: SaidOf;
  readonly #at: Moment;
  readonly #tables: Tables;

  constructor(rules: ElectionRules, memory: BoxMemory, said: SaidOf, at: Moment, tables: Tables) {
    this.#rules = rules;
    this.#memory = memory;
    this.#said = said;
    this.#at = at;
    this.#tables = tables;
  }

  apply(): Verdict {
    const { body } = this.#said;
    if (body.kind === 'election.create') return this.#create(body);
    const election = this.#tables.table<Election>('elections').get(body.election);
    if (election === undefined)
      return refuse('unknown', `there is no election ${body.election}`, 'check its id');
    const stranger = this.#strangerTo(election);
    if (stranger !== undefined) return { refusal: stranger };
    switch (body.kind) {
      case 'election.eligible':
        return this.#list(election, body);
      case 'election.boxed':
        return this.#box(election, body);
      case 'election.held':
      case 'election.verified':
        return this.#progress(election, body);
      case 'election.open':
        return this.#open(election, body);
      case 'election.flushed': {
        const { batches, ballots, chain } = election;
        // With this very command in it: it is the last before the box is frozen, if it is the third.
        return this.#step(election, {
          type: 'flushed',
          author: this.#said.author,
          box: { batches, ballots, chain, history: this.#historyAfter(election) },
        });
      }
      case 'election.tallied':
        return this.#tally(election, body);
      case 'election.ready': {
        const key = this.#rules.trust[this.#said.author];
        const { sealingKey, signature } = body;
        if (
          key === undefined ||
          !isSealingKeyOf(key, election.digest, this.#said.author, sealingKey, signature)
        )
          return refuse(
            'sealing-key',
            `${this.#said.author} did not sign its sealing key`,
            'run one version everywhere',
          );
        return this.#step(election, eventOf(this.#said.author, body, false));
      }
      default:
        return this.#step(election, eventOf(this.#said.author, body, this.#isDue(election)));
    }
  }

  #create({ descriptor }: Extract<ElectionBody, { kind: 'election.create' }>): Verdict {
    const { deployment, trust, chart } = this.#rules;
    const { author } = this.#said;
    const digest = electionDigest(descriptor);
    const id = electionId(digest);
    const elections = this.#tables.table<Election>('elections');
    if (elections.get(id) !== undefined)
      return refuse('exists', `election ${id} exists already`, 'use it, or choose a new nonce');
    if (author !== `party-${descriptor.registrar}`)
      return refuse('not-the-registrar', `${author} is not the registrar it names`, NOT_YOURS);
    if (descriptor.deployment !== deployment)
      return refuse('other-deployment', 'it is for another deployment', 'create it anew for this one');
    try {
      checkElection(descriptor);
    } catch (error) {
      if (error instanceof MpcError) return { refusal: error.report() };
      throw error;
    }
    if (Object.entries(descriptor.keys).some(([address, key]) => trust[address] !== key))
      return refuse('keys', 'it names a key that is not the enrolled one', 'enrol it, or create it anew');
    if (descriptor.deadlineMs <= this.#at.timeMs)
      return refuse('deadline-passed', 'its deadline has passed already', 'choose a later deadline');
    const all = [...elections.entries()].map(([, election]) => election);
    const open = all.filter(
      ({ life, status }) => life.context.registrar === author && !ELECTION_ENDED.includes(status),
    );
    if (open.length >= OPEN_PER_REGISTRAR || all.length >= KEPT_ELECTIONS)
      return refuse(
        'too-many',
        'too many elections are kept already',
        'cancel some, or use another deployment',
      );
    this.#tables.table('descriptors').put(id, descriptor);
    return this.#put({
      id,
      digest,
      createdMs: this.#at.timeMs,
      changedMs: this.#at.timeMs,
      status: 'draft',
      life: chart.initial({ registrar: author }),
      voters: 0,
      lists: 0,
      batches: 0,
      ballots: 0,
      chain: firstLink(id),
      history: '',
      progress: Object.fromEntries(
        ELECTION_SERVERS.map((server) => [server, { held: 0, verified: 0, rejected: 0 }]),
      ),
    });
  }

  #strangerTo({ life }: Election): ErrorReport | undefined {
    const { author, body } = this.#said;
    const { registrar } = life.context;
    const mayBe = SAID_BY[body.kind];
    const isRegistrar = mayBe !== 'server' && author === registrar;
    const isServer = mayBe !== 'registrar' && isElectionServer(author);
    return isRegistrar || isServer
      ? undefined
      : report('not-yours', `${author} may not say ${body.kind} of this election`, NOT_YOURS);
  }

  #list(election: Election, { from, keys }: Extract<ElectionBody, { kind: 'election.eligible' }>): Verdict {
    if (election.status !== 'draft') return wrongState(election, 'the list of voters is closed');
    const added = unpackVoters(keys);
    if (added === undefined || added.length > VOTERS_PER_COMMAND)
      return refuse('voters', `these are not 1 to ${VOTERS_PER_COMMAND} keys`, 'send them in parts');
    if (from !== election.voters)
      return refuse(
        'voters',
        `the list has ${election.voters} voters, not ${from}`,
        'read how long the list is',
      );
    if (election.voters + added.length > MOST_VOTERS)
      return refuse('voters', `more than ${MOST_VOTERS} voters`, 'hold several elections');
    const known = this.#memory.voters(election, this.#tables);
    const names = added.map((key) => Buffer.from(key).toString('base64url'));
    if (names.some((name) => known.has(name)) || new Set(names).size !== names.length)
      return refuse('voters', 'a key is in the list twice', 'every voter has one key, and one vote');
    this.#tables.table<string>('lists').put(keyOfPart(election.id, election.lists), keys);
    return this.#put({ ...election, voters: election.voters + added.length, lists: election.lists + 1 });
  }

  #open(election: Election, { voters, root }: Extract<ElectionBody, { kind: 'election.open' }>): Verdict {
    if (election.status === 'draft') {
      const list = this.#memory.keys(election, this.#tables);
      if (voters !== list.length || root !== votersRoot(list))
        return refuse(
          'voters',
          'the list in the log is not the one that is to be opened',
          'compare the two lists',
        );
    }
    return this.#step(election, { type: 'open', author: this.#said.author, voters, root });
  }

  /** New ballots get the next positions, in order; those that are there already are passed over. */
  #box(election: Election, { items: text }: Extract<ElectionBody, { kind: 'election.boxed' }>): Verdict {
    const { status, life } = election;
    const isFlushing = status === 'closing' && life.context.frozen === null;
    if (status !== 'open' && !isFlushing) return wrongState(election, 'the box takes no ballot');
    if (life.context.flushed.includes(this.#said.author))
      return refuse(
        'flushed',
        `${this.#said.author} has said that it has no more ballots`,
        'restore its newest backup',
      );
    const items = unpackItems(text);
    const memory = this.#memory.of(election, this.#tables);
    if (items === undefined || items.length === 0 || items.length > memory.mostInBatch)
      return refuse('items', `these are not 1 to ${memory.mostInBatch} ballots`, 'send them in parts');
    if (!items.every((item) => memory.isFromItsVoter(item)))
      return refuse(
        'items',
        `${this.#said.author} boxed a ballot that its voter did not sign`,
        'look at that server',
      );
    const added = memory.newOf(items);
    if (added.length === 0) return this.#put(election, { from: election.ballots, taken: 0 });
    const chain = chained(election.chain, added);
    this.#tables.table<Batch>('batches').put(keyOfPart(election.id, election.batches), {
      from: election.ballots,
      items: packItems(added),
      chain,
    });
    return this.#put(
      { ...election, batches: election.batches + 1, ballots: election.ballots + added.length, chain },
      { from: election.ballots, taken: added.length },
    );
  }

  #progress(
    election: Election,
    body: Extract<ElectionBody, { kind: 'election.held' | 'election.verified' }>,
  ): Verdict {
    const { author } = this.#said;
    const before = election.progress[author];
    if (before === undefined || (election.status !== 'open' && election.status !== 'closing'))
      return wrongState(election, 'the box is not at work');
    if (body.batches > election.batches)
      return refuse('batches', `the box has ${election.batches} batches only`, 'follow the log to its end');
    if (body.kind === 'election.held') {
      const batch = this.#tables.table<Batch>('batches').get(keyOfPart(election.id, body.batches - 1));
      if (batch?.chain !== body.chain)
        return refuse('chain', `${author} has another box: its chain differs`, 'look at that server');
      return this.#put(
        withProgress(election, author, { ...before, held: Math.max(before.held, body.batches) }),
      );
    }
    if (body.batches <= before.verified) return this.#put(election);
    const first = this.#tables.table<Batch>('batches').get(keyOfPart(election.id, before.verified));
    const last = this.#tables.table<Batch>('batches').get(keyOfPart(election.id, body.batches));
    const end = last?.from ?? election.ballots;
    const places = body.rejected.map(([position]) => position);
    if (
      places.some(
        (place, at) => place < (first?.from ?? 0) || place >= end || place <= (places[at - 1] ?? -1),
      )
    )
      return refuse(
        'positions',
        'rejected positions must ascend within these batches',
        'report this as a fault',
      );
    this.#tables
      .table<BatchVerdict>('verdicts')
      .put(keyOfVerdict(election.id, author, body.batches), { rejected: body.rejected });
    const rejected = before.rejected + places.length;
    return this.#put(
      withProgress(election, author, {
        held: Math.max(before.held, body.batches),
        verified: body.batches,
        rejected,
      }),
    );
  }

  #tally(
    election: Election,
    { root, fragment }: Extract<ElectionBody, { kind: 'election.tallied' }>,
  ): Verdict {
    const { author } = this.#said;
    const { fragments, seals } = election.life.context;
    const memory = this.#memory.of(election, this.#tables);
    if (fragmentBytes(fragment)?.length !== memory.ballotType.sizes.tallyShare)
      return refuse('fragment', `the fragment of ${author} has not the form of one`, 'look at that server');
    const all = { ...fragments, [author]: fragment };
    const counted = seals[author]?.counted ?? 0;
    const inOrder = ELECTION_SERVERS.map((server) => all[server] ?? '');
    const result = inOrder.every((text) => text !== '')
      ? (combineFragments(memory.descriptor, inOrder, counted, memory.ballotType) ?? null)
      : undefined;
    return this.#step(election, {
      type: 'tallied',
      author,
      root,
      fragment,
      ...(result === undefined ? {} : { result }),
    });
  }

  #isDue({ id }: Election): boolean {
    const deadlineMs = this.#tables.table<{ deadlineMs: number }>('descriptors').get(id)?.deadlineMs;
    return deadlineMs !== undefined && deadlineMs <= this.#at.timeMs;
  }

  #step(election: Election, event: LifeEvent): Verdict {
    const { snapshot, refusal } = this.#rules.chart.step(election.life, event);
    if (refusal !== undefined) return { refusal };
    return this.#put({ ...election, life: snapshot, status: statusOfLife(snapshot) });
  }

  /** Every accepted command has its place in the history, also one that only repeats. */
  #put(election: Election, answer: Readonly<Record<string, Json>> = {}): Verdict {
    this.#tables
      .table<Election>('elections')
      .put(election.id, { ...election, changedMs: this.#at.timeMs, history: this.#historyAfter(election) });
    return { answer: { election: election.id, status: election.status, ...answer } };
  }

  #historyAfter({ history }: Election): string {
    const { author, id, body } = this.#said;
    return digestOf('election history', [history, author, id, body as unknown as Json]); // its schema's type: JSON
  }
}
