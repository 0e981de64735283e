/**
 * Owns elections at a party's own service: which there are, casting a ballot that is sealed here, finding it again, and results.
 * Must never keep a credential or a choice, nor tell of them.
 */
import { z } from 'zod';
import { MpcError } from '../../base/errors.ts';
import { type Answered, askStanding, castBallot, fetchElection } from '../../box/voting.ts';
import { readCredential } from '../../election/credential.ts';
import { stateOfLife } from '../../election/life.ts';
import { resultLines } from '../../election/result.ts';
import type { Election } from '../../election/rows.ts';
import { electionWaiting } from '../../election/waiting.ts';
import type { Routes } from '../http/face.ts';
import { knownElection, unknownElection } from '../known-election.ts';
import { collaborationIdSchema, problems } from '../schemas.ts';
import type { Elections } from './seams.ts';

const byElection = z.object({ eid: collaborationIdSchema });

const electionSchema = z
  .object({
    id: collaborationIdSchema,
    title: z.string(),
    state: z
      .string()
      .meta({ description: 'draft.…, open, closing.…, tallying, published, cancelled or disputed' }),
    kind: z.enum(['yesNo', 'oneOf', 'approval', 'score']),
    most: z.int().optional().meta({ description: 'Of approval: most options that one may mark' }),
    max: z.int().optional().meta({ description: 'Of points: the most for an option' }),
    options: z.array(z.string()).meta({ description: 'Of yesNo no, then yes' }),
    deadline: z.iso.datetime(),
    voters: z.int(),
    ballots: z.int().meta({ description: 'In the box, with those rejected or replaced' }),
    waiting: z.array(z.string()).meta({ description: 'What has to happen next, and by whom' }),
    counted: z.int().meta({ description: 'Ballots that count; 0 until all servers agree on them' }),
    result: z.array(z.object({ label: z.string(), sum: z.int() })).nullable(),
  })
  .meta({ id: 'ElectionHere' });

const castSchema = z
  .object({
    tracker: z.string().meta({ description: 'By which the ballot is found again' }),
    servers: z.array(
      z.object({
        server: z.string(),
        holds: z.boolean().meta({ description: 'It signed that it has the ballot on its disk' }),
        problem: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Cast' });

const foundSchema = z
  .object({
    servers: z.array(
      z.object({
        server: z.string(),
        state: z.string().meta({
          description: 'Signed: unknown, accepted, boxed, verified, rejected, replaced, counted; or silent',
        }),
        position: z.int().optional(),
        problem: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Found' });

const tags = ['elections'];

export function votingRoutes(app: Routes, elections: () => Elections): void {
  app.get(
    '/election',
    {
      schema: {
        operationId: 'listElections',
        summary: 'All elections, the newest first, with the results of those that have one',
        tags,
        response: {
          200: z.object({ items: z.array(electionSchema) }).meta({ id: 'ElectionsHere' }),
          ...problems(),
        },
      },
    },
    async () => {
      const here = elections();
      return {
        items: here.view
          .elections()
          .map((election) => shown(here, election))
          .reverse(),
      };
    },
  );

  app.post(
    '/election/:eid/vote',
    {
      schema: {
        operationId: 'vote',
        summary: 'Cast a ballot: it is sealed here, and handed to all three servers',
        tags,
        params: byElection,
        body: z.strictObject({
          credential: z.string().max(1000).meta({ description: "The voter's line of a credential file" }),
          choice: z
            .union([z.boolean(), z.int(), z.array(z.boolean()).max(1000), z.array(z.int()).max(1000)])
            .meta({ description: "Yes or no; an option's place, from 0; a mark or points for each option" }),
        }),
        response: { 200: castSchema, ...problems(404, 409, 415) },
      },
    },
    async (request) => {
      const { place, random, now, ...here } = elections();
      const { id } = knownElection(here.view, request.params.eid);
      const credential = readCredential(request.body.credential);
      if (credential.election !== id)
        throw new MpcError('credential.other-election', 'this credential is for another election', {
          hint: 'take the one that the registrar gave you for this one',
        });
      const election = await fetchElection(place, id);
      const { tracker, answers } = await castBallot(
        place,
        election,
        credential,
        now(),
        request.body.choice,
        random,
      );
      return {
        tracker,
        servers: answers.map((answer) => {
          if ('error' in answer)
            return { server: answer.server, holds: false, problem: answer.error.message };
          const { held, refused } = answer.value;
          const [refusal] = refused;
          return {
            server: answer.server,
            holds: held.includes(tracker),
            ...(refusal === undefined ? {} : { problem: refusal.error.message }),
          };
        }),
      };
    },
  );

  app.get(
    '/election/:eid/ballot/:tracker',
    {
      schema: {
        operationId: 'findBallot',
        summary: 'Where a ballot stands at each of the three servers',
        tags,
        params: byElection.extend({
          tracker: z.string().regex(/^[0-9a-f]{40}$/, 'a tracker has 40 hexadecimal digits'),
        }),
        response: { 200: foundSchema, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { place, ...here } = elections();
      const { id } = knownElection(here.view, request.params.eid);
      const found = await askStanding(place, await fetchElection(place, id), request.params.tracker);
      return { servers: found.map(plainOf) };
    },
  );
}

function plainOf(answer: Answered<{ state: string; position?: number | undefined }>) {
  if ('error' in answer) return { server: answer.server, state: 'silent', problem: answer.error.message };
  const { state, position } = answer.value;
  return { server: answer.server, state, ...(position === undefined ? {} : { position }) };
}

function shown({ view }: Pick<Elections, 'view'>, election: Election): z.infer<typeof electionSchema> {
  const { id, life, voters, ballots } = election;
  const descriptor = view.descriptor(id);
  if (descriptor === undefined) throw unknownElection(id);
  const { title, labels, type, deadlineMs } = descriptor;
  const { result, seals } = life.context;
  const counted = Object.values(seals)[0]?.counted ?? 0;
  return {
    ...{ id, title, state: stateOfLife(life), voters, ballots, kind: type.kind },
    ...(type.kind === 'approval' ? { most: type.most } : {}),
    ...(type.kind === 'score' ? { max: type.max } : {}),
    options: [...labels],
    deadline: new Date(deadlineMs).toISOString(),
    waiting: [...electionWaiting(election)],
    counted,
    result: life.value === 'published' && result !== null ? resultLines(descriptor, result, counted) : null,
  };
}
