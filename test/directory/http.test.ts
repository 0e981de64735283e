/** The client's way to the coordinators over real HTTP: every call, answers that are not believed, streams that fall silent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import createClient from 'openapi-fetch';
import { answered } from '../../src/api/calls/calls.ts';
import type { paths as CoordinatorPaths } from '../../src/api/calls/coordinator-types.ts';
import { failoverFetch } from '../../src/api/calls/failover.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { eventsOf } from '../../src/directory/client/event-stream.ts';
import { httpDirectory } from '../../src/directory/client/http.ts';
import { sayKeys } from '../../src/directory/statements.ts';
import { Faces, type FacesOptions, newCollaboration } from '../api/world.ts';
import { HandClock } from '../bus/hand-clock.ts';
import { DEPLOYMENT, identityOf } from '../coordination/world.ts';
import { behind } from './behind.ts';
import { callsContract } from './calls-contract.ts';
import { person } from './played.ts';

const refusedWith = (code: string) => (error: unknown) => error instanceof MpcError && error.code === code;

async function withFaces(act: (faces: Faces) => Promise<void>, limits: FacesOptions = {}): Promise<void> {
  const faces = await Faces.open({ replicas: 2, accounts: true, ...limits });
  try {
    await act(faces);
  } finally {
    await faces.close();
  }
}

const callsTo = (
  faces: Faces,
  request = failoverFetch({ urls: [faces.url(0), faces.url(1)], clock: systemClock, random: systemRandom }),
) => httpDirectory({ base: faces.url(0), request, clock: systemClock });

callsContract('over HTTP', (act, limits) =>
  withFaces(async (faces) => act(await behind(faces, callsTo(faces))), limits),
);

test('who takes part in a collaboration is read from the descriptor that its id is the digest of', () =>
  withFaces(async (faces) => {
    const calls = callsTo(faces);
    const identity = identityOf('party-analyst');
    const analyst = await person('analyst', identity);
    const keys = sayKeys({ deployment: DEPLOYMENT, account: 'analyst', ...analyst, nowMs: Date.now() });
    await calls.register({ account: 'analyst', password: 'correct horse', keys }, newCommandId(systemRandom));
    const { token = '' } = await calls.login({ account: 'analyst', password: 'correct horse' });
    const answer = await faces.ask('POST /collaboration', {
      headers: { authorization: `Bearer ${token}` },
      body: newCollaboration(),
    });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    const cid: string = answer.body.collaboration.id;
    assert.deepEqual(await calls.participants(token, cid), ['acme', 'analyst', 'beta']);
    // A coordinator that adds somebody who would read along.
    const lying = callsTo(faces, async (request) => {
      const real = await fetch(request);
      const text = (await real.text()).replace('"outputs":["analyst"]', '"outputs":["analyst","eve"]');
      return new Response(text, { status: real.status, headers: { 'content-type': 'application/json' } });
    });
    await assert.rejects(lying.participants(token, cid), (error) => error instanceof MpcError);
  }));

test('an answer of another form is not believed', () =>
  withFaces(async (faces) => {
    for (const [status, text] of [
      [200, 'not json'],
      [200, '{"account":"ann"}'],
      [
        200,
        '{"account":"ann","born":1,"createdMs":1,"party":false,"places":0,"keys":{"signing":"x","sealing":"y"}}',
      ],
      [502, '<html>'],
      [400, '{"error":"no problem document"}'],
    ] as const) {
      const calls = callsTo(faces, async () => new Response(text, { status }));
      await assert.rejects(calls.account('token', 'ann'), refusedWith('api.unreadable'), text);
    }
  }));

test('both clients read a refusal as the same error, with its exit code, whatever its status', async () => {
  const exits: Record<number, number> = {
    400: 65,
    403: 77,
    404: 66,
    405: 76,
    409: 75,
    412: 75,
    422: 65,
    500: 70,
    503: 69,
  };
  for (const [status, exitCode] of Object.entries(exits)) {
    const problem = {
      type: 'urn:mpc:problem:some.code',
      title: 'Refused',
      status: Number(status),
      detail: 'one: wrong',
      instance: '/account/ann',
      code: 'some.code',
      hint: 'do otherwise',
      faults: [
        { path: 'one', message: 'wrong' },
        { path: 'two', message: 'missing' },
      ],
      place: { line: 3 },
    };
    const init = { status: Number(status), headers: { 'content-type': 'application/problem+json' } };
    const fetch = async () => new Response(JSON.stringify(problem), init);
    const expected = {
      code: 'some.code',
      message: 'one: wrong; two: missing',
      hint: 'do otherwise',
      exitCode,
    };
    const directory = httpDirectory({ base: 'http://a.example', request: fetch, clock: systemClock });
    await assert.rejects(directory.account('token', 'ann'), { ...expected, place: { line: 3 } }, status);
    const calls = createClient<CoordinatorPaths>({ baseUrl: 'http://a.example', fetch });
    const answer = await calls.GET('/collaboration', {});
    assert.throws(() => answered(answer), { ...expected, place: { line: 3 } }, status);
  }
});

async function* bytesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield utf8.encode(text);
}

test('events are read however the bytes are cut, and comments and unknown fields are passed over', async () => {
  const never = new AbortController().signal;
  const text =
    'retry: 1000\n\n: still here\n\nid: 7\nevent: message\ndata: {"a":"ü"}\n\nevent: x\r\ndata: one\r\ndata: two\r\n\r\ndata: cut off';
  const whole = utf8.encode(text);
  for (const size of [1, 2, 3, 7, whole.length]) {
    const pieces = async function* () {
      for (let at = 0; at < whole.length; at += size) yield whole.slice(at, at + size);
    };
    const events = [];
    for await (const event of eventsOf(pieces(), systemClock, never)) events.push(event);
    assert.deepEqual(
      events,
      [
        { id: '7', name: 'message', data: '{"a":"ü"}' },
        { name: 'x', data: 'one\ntwo' },
      ],
      `in pieces of ${size}`,
    );
  }
  const endless = eventsOf(bytesOf('data: '.padEnd(300_000, 'x')), systemClock, never);
  await assert.rejects(endless.next(), refusedWith('api.unreadable'));
});

test('a stream that is silent for three heartbeats is given up, and one that is left ends at once', async () => {
  const clock = new HandClock();
  const silent = async function* (): AsyncGenerator<Uint8Array> {
    await new Promise(() => {});
  };
  const waiting = assert.rejects(
    eventsOf(silent(), clock, new AbortController().signal).next(),
    refusedWith('api.silent'),
  );
  await clock.runDry();
  await waiting;
  assert.equal(clock.now(), 45_000);
  const leave = new AbortController();
  const left = assert.rejects(eventsOf(silent(), systemClock, leave.signal).next(), /left/);
  leave.abort(new Error('left'));
  await left;
});
