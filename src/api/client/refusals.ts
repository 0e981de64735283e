/**
 * Owns what a client service refuses, in words: who may ask what, and in which state.
 */
import type { Collaboration } from '../../coordination/collaboration.ts';
import { HttpRefusal } from '../http/problem.ts';

export const notHere = (party: string, id: string): HttpRefusal =>
  new HttpRefusal(403, {
    code: 'collaboration.not-a-party',
    message: `${party} does not take part in collaboration ${id}`,
    hint: 'its descriptor names those who do',
  });

export const notServed = (party: string): HttpRefusal =>
  new HttpRefusal(403, {
    code: 'party.not-allowed',
    message: `this client does not serve ${party}`,
    hint: "ask that party's own client",
  });

export const notAReceiver = (party: string, id: string): HttpRefusal =>
  new HttpRefusal(403, {
    code: 'collaboration.not-an-output-party',
    message: `${party} learns no result of collaboration ${id}`,
    hint: 'its descriptor names those who do',
  });

export const otherDigest = ({ status }: Collaboration): HttpRefusal =>
  new HttpRefusal(
    409,
    {
      code: 'collaboration.other-descriptor',
      message: 'that is not the digest of its descriptor',
      hint: 'read the descriptor again, and compare its digest with the other parties',
    },
    { state: status },
  );

export const notApproved = ({ id, digest, status }: Collaboration): HttpRefusal =>
  new HttpRefusal(
    409,
    {
      code: 'descriptor.not-approved',
      message: `the descriptor ${digest} is not approved: nothing was taken`,
      hint: `read GET /approve/${id}, then add ?approve=<digest> or PUT it to /approve/${id}`,
    },
    { state: status },
  );

export const tooLate = ({ status }: Collaboration): HttpRefusal =>
  new HttpRefusal(
    409,
    {
      code: 'collaboration.wrong-state',
      message: `a collaboration that is ${status} takes no rows and no approvals`,
      hint: 'create a new one',
    },
    { state: status },
  );

export const notYet = ({ status, lifecycle }: Collaboration): HttpRefusal =>
  new HttpRefusal(
    409,
    {
      code: 'collaboration.no-result',
      message: lifecycle.context.reason?.message ?? 'there is no result here yet',
      hint:
        status === 'finished'
          ? 'this client is still combining it: ask again'
          : 'its state says what is missing',
    },
    { state: status },
  );
