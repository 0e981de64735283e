/**
 * Owns the paths of elections: what there is to know of one, handing a ballot in, and finding it again. Anybody may: a ballot says itself
 * whose it is, and is sealed for the three servers before it comes here.
 * Must never take what the registrar or a server says: those are in the log with their signatures, or not at all.
 */
import { z } from 'zod';
import { type Answered, askStanding, fetchElection, handIn, type VotingPlace } from '../../box/voting.ts';
import { ELECTION_SERVERS, electionDescriptorSchema } from '../../election/descriptor.ts';
import { stateOfLife } from '../../election/life.ts';
import { receiptSchema, standingSchema } from '../../election/receipts.ts';
import { resultLines } from '../../election/result.ts';
import type { Election, ElectionsView } from '../../election/rows.ts';
import { electionWaiting } from '../../election/waiting.ts';
import type { Routes } from '../http/face.ts';
import { HttpRefusal } from '../http/problem.ts';
import { knownElection, unknownElection } from '../known-election.ts';
import { collaborationIdSchema, digestSchema, problems } from '../schemas.ts';

/** What a replica knows of elections, and how it reaches the three servers. */
export interface ElectionDesk {
  readonly view: ElectionsView;
  readonly place: VotingPlace;
  /** Lines of the election's record so far. */
  readonly record: (id: string) => Promise<readonly string[]>;
}

const byElection = z.object({ eid: collaborationIdSchema });
const tracker = z.string().regex(/^[0-9a-f]{40}$/, 'a tracker has 40 hexadecimal digits');
const byBallot = byElection.extend({ tracker });

const electionSchema = z
  .object({
    id: collaborationIdSchema,
    digest: digestSchema,
    state: z
      .string()
      .meta({ description: 'draft.…, open, closing.…, tallying, published, cancelled or disputed' }),
    title: z.string(),
    voters: z.int(),
    ballots: z.int().meta({ description: 'In the box, with those rejected or replaced' }),
    waiting: z.array(z.string()).meta({ description: 'What has to happen next, and by whom' }),
  })
  .meta({ id: 'Election' });

const wholeSchema = electionSchema
  .extend({
    descriptor: electionDescriptorSchema,
    sealingKeys: z
      .record(z.string(), z.object({ key: z.string(), signature: z.string() }))
      .meta({ description: 'What ballots are sealed to, base64url, each signed by its server' }),
  })
  .meta({ id: 'ElectionInWhole' });

const electionsSchema = z.object({ items: z.array(electionSchema) }).meta({ id: 'Elections' });

const tallySchema = z
  .object({
    election: collaborationIdSchema,
    counted: z.int(),
    root: digestSchema.meta({ description: 'Of the ballots that count: all three servers signed it' }),
    result: z.array(z.object({ label: z.string(), sum: z.int() })),
  })
  .meta({ id: 'Tally' });

const ballotSchema = z
  .strictObject({
    envelope: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/, 'write base64url')
      .max(700_000)
      .meta({ description: 'Sealed and signed by the voter' }),
  })
  .meta({ id: 'Ballot' });

const silent = z.object({ server: z.string(), silent: z.string() });
const receiptsSchema = z
  .object({ receipts: z.array(z.union([receiptSchema, silent])) })
  .meta({ id: 'Receipts' });
const standingsSchema = z
  .object({ servers: z.array(z.union([standingSchema, silent])) })
  .meta({ id: 'BallotStandings' });

const tags = ['elections'];
const anybody = { config: { open: true } } as const;

export function electionRoutes(app: Routes, desk: () => ElectionDesk | undefined): void {
  const here = (): ElectionDesk => {
    const found = desk();
    if (found === undefined)
      throw new HttpRefusal(503, { code: 'election.none-here', message: 'this replica holds no elections' });
    return found;
  };

  app.get(
    '/election',
    {
      ...anybody,
      schema: {
        operationId: 'listElections',
        summary: 'All elections, in the order of their creation',
        tags,
        security: [],
        response: { 200: electionsSchema, ...problems() },
      },
    },
    async () => {
      const { view } = here();
      return { items: view.elections().map((election) => summaryOf(view, election)) };
    },
  );

  app.get(
    '/election/:eid',
    {
      ...anybody,
      schema: {
        operationId: 'getElection',
        summary: 'One election: what a voter needs to cast a ballot, and what it is waiting for',
        tags,
        security: [],
        params: byElection,
        response: { 200: wholeSchema, ...problems(404) },
      },
    },
    async (request) => {
      const { view } = here();
      const election = knownElection(view, request.params.eid);
      const descriptor = view.descriptor(election.id);
      if (descriptor === undefined) throw unknownElection(election.id);
      const keys = Object.entries(election.life.context.ready).map(
        ([server, { sealingKey, signature }]) => [server, { key: sealingKey, signature }] as const,
      );
      return { ...summaryOf(view, election), descriptor, sealingKeys: Object.fromEntries(keys) };
    },
  );

  app.get(
    '/election/:eid/tally',
    {
      ...anybody,
      schema: {
        operationId: 'getTally',
        summary: 'The result, once the three fragments are published',
        tags,
        security: [],
        params: byElection,
        response: { 200: tallySchema, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { view } = here();
      const election = knownElection(view, request.params.eid);
      const descriptor = view.descriptor(election.id);
      const { result, seals } = election.life.context;
      const seal = seals[ELECTION_SERVERS[0]];
      if (
        election.status !== 'published' ||
        result === null ||
        seal === undefined ||
        descriptor === undefined
      )
        throw new HttpRefusal(
          409,
          {
            code: 'election.no-tally',
            message: `there is no tally: the election is ${stateOfLife(election.life)}`,
            hint: electionWaiting(election).join('; ') || 'the registrar closes it, or its deadline does',
          },
          { state: stateOfLife(election.life) },
        );
      const { counted, root } = seal;
      return { election: election.id, counted, root, result: resultLines(descriptor, result, counted) };
    },
  );

  app.get(
    '/election/:eid/record',
    {
      ...anybody,
      schema: {
        operationId: 'getElectionRecord',
        summary: 'Every signed command of the election, one a line: mpc election verify checks it offline',
        tags,
        security: [],
        params: byElection,
        response: {
          200: {
            description: 'Canonical JSON, one object a line',
            content: { 'application/x-ndjson': { schema: z.string() } },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const { view, record } = here();
      const { id } = knownElection(view, request.params.eid);
      const lines = await record(id);
      return reply.type('application/x-ndjson').send(lines.join(''));
    },
  );

  app.post(
    '/election/:eid/ballot',
    {
      ...anybody,
      schema: {
        operationId: 'castBallot',
        summary: 'Hand a sealed ballot to all three servers; their signed receipts say which hold it',
        tags,
        security: [],
        params: byElection,
        body: ballotSchema,
        response: { 200: receiptsSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => {
      const { view, place } = here();
      const { id } = knownElection(view, request.params.eid);
      const election = await fetchElection(place, id);
      const envelope = new Uint8Array(Buffer.from(request.body.envelope, 'base64url'));
      return { receipts: (await handIn(place, election, envelope)).map(plainOf) };
    },
  );

  app.get(
    '/election/:eid/ballot/:tracker',
    {
      ...anybody,
      schema: {
        operationId: 'findBallot',
        summary: 'Where a ballot stands at each of the three servers, signed',
        tags,
        security: [],
        params: byBallot,
        response: { 200: standingsSchema, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { view, place } = here();
      const { id } = knownElection(view, request.params.eid);
      const election = await fetchElection(place, id);
      return { servers: (await askStanding(place, election, request.params.tracker)).map(plainOf) };
    },
  );
}

function summaryOf(view: ElectionsView, election: Election): z.infer<typeof electionSchema> {
  const { id, digest, life, voters, ballots } = election;
  const title = view.descriptor(id)?.title ?? '';
  return { id, digest, state: stateOfLife(life), title, voters, ballots, waiting: electionWaiting(election) };
}

const plainOf = <Value>(answer: Answered<Value>): Value | z.infer<typeof silent> =>
  'error' in answer ? { server: answer.server, silent: answer.error.code } : answer.value;
