/**
 * Every class of error over real HTTP: a problem document that says what, where and what to do, and nothing lost.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { problemSchema } from '../../src/base/problem.ts';
import { type Answer, type Faces, newCollaboration, tokenOf, withFaces } from './world.ts';

const UNKNOWN = '0'.repeat(20);

/** Is it a problem document, of that status and code? */
function assertProblem({ status, headers, body }: Answer, expected: number, code: string): void {
  assert.equal(status, expected, JSON.stringify(body));
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
  const problem = problemSchema.strict().parse(body);
  assert.equal(problem.status, expected);
  assert.equal(problem.code, code);
  assert.equal(problem.type, `urn:mpc:problem:${code}`);
  assert.ok(problem.detail.length > 0 && problem.title.length > 0);
}

test('who has no token is asked for one, wherever it is needed', async () => {
  await withFaces(async (faces) => {
    for (const line of [
      'GET /collaboration',
      'POST /collaboration',
      `GET /collaboration/${UNKNOWN}`,
      `DELETE /collaboration/${UNKNOWN}`,
      `GET /collaboration/${UNKNOWN}/events`,
      `PUT /confirm-upload/${UNKNOWN}/acme`,
      'GET /sys-status',
    ]) {
      const answer = await faces.ask(line);
      assertProblem(answer, 401, 'session.none');
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    }
    const wrong = await faces.ask('GET /collaboration', {
      headers: { authorization: `Bearer ${'x'.repeat(40)}` },
    });
    assertProblem(wrong, 401, 'session.none');
    for (const line of ['GET /ping', 'GET /healthz', 'GET /readyz', 'GET /openapi.json'])
      assert.equal((await faces.ask(line)).status, 200, line);
  });
});

test('what is unknown is 404, whatever the method', async () => {
  await withFaces(async (faces) => {
    for (const line of [
      `GET /collaboration/${UNKNOWN}`,
      `DELETE /collaboration/${UNKNOWN}`,
      `PUT /collaboration/${UNKNOWN}/register-input-party/acme`,
      `GET /collaboration/${UNKNOWN}/input-parties`,
      `GET /collaboration/${UNKNOWN}/compute-config`,
      `GET /collaboration/${UNKNOWN}/result-ids`,
      `GET /collaboration/${UNKNOWN}/events`,
    ])
      assertProblem(await faces.ask(line, { as: 'acme' }), 404, 'collaboration.unknown');
    assertProblem(await faces.ask('GET /nothing', { as: 'acme' }), 404, 'request.no-path');
    assertProblem(await faces.ask('GET /nothing'), 404, 'request.no-path');
  });
});

test('a wrong method is told the right ones, whoever asks', async () => {
  await withFaces(async (faces) => {
    for (const [line, allowed] of [
      ['PATCH /collaboration', 'GET, HEAD, POST'],
      [`POST /collaboration/${UNKNOWN}`, 'DELETE, GET, HEAD'],
      [`POST /collaboration/${UNKNOWN}/register-input-party/acme?x=y`, 'DELETE, PUT'],
      ['DELETE /message/acknowledged', 'PUT'],
      ['PUT /ping', 'GET, HEAD'],
    ] as const)
      for (const as of ['acme', undefined]) {
        const answer = await faces.ask(line, as === undefined ? {} : { as });
        assertProblem(answer, 405, 'request.no-method');
        assert.equal(answer.headers.get('allow'), allowed, line);
      }
    assertProblem(await faces.ask('PATCH /collaborations', { as: 'acme' }), 404, 'request.no-path');
  });
});

test('a malformed request is told the path of each fault, and nothing of it is kept', async () => {
  await withFaces(async (faces) => {
    const body = {
      program: 7,
      inputs: [{ party: 'Acmé', table: 't', maxRows: 0 }],
      outputs: [],
      deadline: 'tomorrow',
      surprise: true,
    };
    const answer = await faces.ask('POST /collaboration', { as: 'analyst', body });
    assertProblem(answer, 400, 'request.malformed');
    const paths = answer.body.faults.map(({ path }: { path: string }) => path);
    for (const path of [
      'body.program',
      'body.inputs.0.party',
      'body.inputs.0.maxRows',
      'body.outputs',
      'body.deadline',
    ])
      assert.ok(paths.includes(path), `${path} is not among ${paths.join(', ')}`);
    assert.ok(!JSON.stringify(answer.body).includes('Acmé'), 'what was sent is not repeated');
    const listed = await faces.ask('GET /collaboration', { as: 'analyst' });
    assert.deepEqual(listed.body.items, []);
  });
});

test('bodies, ids, headers and URLs of every wrong form are refused', async () => {
  await withFaces(async (faces) => {
    const as = 'analyst';
    const post = (body: unknown, headers = {}): Promise<Answer> =>
      faces.ask('POST /collaboration', { as, body, headers });
    assertProblem(await post('{"program":'), 400, 'request.not-json');
    assertProblem(await post(''), 400, 'request.no-body');
    assertProblem(await post('[]'), 400, 'request.malformed');
    assertProblem(await post('null'), 400, 'request.malformed');
    assertProblem(await post('{"__proto__":{"x":1}}'), 400, 'request.not-json');
    assertProblem(await post('x', { 'content-type': 'text/csv' }), 415, 'request.media-type');
    assertProblem(
      await post(newCollaboration(), { 'idempotency-key': 'x'.repeat(256) }),
      400,
      'request.malformed',
    );
    assertProblem(await post(`{"program":"${'x'.repeat(1024 * 1024)}"}`), 413, 'request.too-large');
    for (const id of [
      'x',
      '0'.repeat(19),
      '0'.repeat(21),
      'G'.repeat(20),
      '%00',
      '..%2f..%2fetc',
      'ａ'.repeat(20),
    ])
      assertProblem(
        await faces.ask(`GET /collaboration/${encodeURI(id).replaceAll('%25', '%')}`, { as }),
        400,
        'request.malformed',
      );
    for (const query of ['limit=0', 'limit=x', 'limit=1e9', 'status=nothing', 'after=y', 'x=1', 'party=%ff'])
      assert.equal((await faces.ask(`GET /collaboration?${query}`, { as })).status, 400, query);
    assertProblem(await faces.ask('GET /collaboration/%zz', { as }), 400, 'request.url');
    assertProblem(
      await faces.ask(`GET /collaboration/${UNKNOWN}/events`, { as, headers: { 'last-event-id': 'x' } }),
      400,
      'request.malformed',
    );
  });
});

test('a program that does not compile is refused with its line and column', async () => {
  await withFaces(async (faces) => {
    const program = 'CREATE TABLE t (x INTEGER CHECK (x BETWEEN 0 AND 9));\nSELECT SUM(y) FROM t;';
    const answer = await faces.ask('POST /collaboration', {
      as: 'analyst',
      body: newCollaboration({ program }),
    });
    assert.equal(answer.status, 400);
    assert.match(answer.body.code, /^sql\./);
    assert.equal(answer.body.place.line, 2);
    const unknown = newCollaboration({ inputs: [{ party: 'nobody', table: 't', maxRows: 3 }] });
    assertProblem(
      await faces.ask('POST /collaboration', { as: 'analyst', body: unknown }),
      400,
      'descriptor.key-missing',
    );
    const late = newCollaboration({ deadline: '2020-01-01T00:00:00Z' });
    assertProblem(
      await faces.ask('POST /collaboration', { as: 'analyst', body: late }),
      409,
      'descriptor.deadline-passed',
    );
  });
});

test('a wrong state is told with the state that forbids it', async () => {
  await withFaces(async (faces) => {
    const { id } = (await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() })).body
      .collaboration;
    const early = await faces.ask(`PUT /confirm-upload/${id}/acme`, {
      as: 'acme',
      body: { secretIds: ['a'.repeat(64)] },
    });
    assertProblem(early, 409, 'collaboration.not-uploaded');
    assert.equal(early.body.state, 'open');
    const rerun = await faces.ask(`POST /collaboration/${id}/rerun`, { as: 'analyst', body: { attempt: 2 } });
    assertProblem(rerun, 409, 'collaboration.wrong-state');
    assert.equal(rerun.body.state, 'open');
    assert.equal((await faces.ask(`DELETE /collaboration/${id}`, { as: 'analyst' })).status, 200);
    const over = await faces.ask(`PUT /collaboration/${id}/register-input-party/acme`, { as: 'acme' });
    assertProblem(over, 409, 'collaboration.over');
    assert.equal(over.body.state, 'cancelled');
    // Told again it is the same fact, not a fault.
    assert.equal((await faces.ask(`DELETE /collaboration/${id}`, { as: 'analyst' })).status, 200);
  });
});

test('too many requests are told when to come back, each account by itself', async () => {
  await withFaces(
    async (faces) => {
      const answers: Answer[] = [];
      for (let n = 0; n < 6; n++) answers.push(await faces.ask('GET /collaboration', { as: 'acme' }));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 200, 429],
      );
      const last = answers[5];
      assert.ok(last !== undefined);
      assertProblem(last, 429, 'request.too-fast');
      const wait = Number(last.headers.get('retry-after'));
      assert.ok(wait >= 1 && wait <= 60, `Retry-After ${wait}`);
      assert.equal((await faces.ask('GET /collaboration', { as: 'beta' })).status, 200);
      const strangers: number[] = [];
      for (let n = 0; n < 6; n++) strangers.push((await faces.ask('GET /collaboration')).status);
      assert.deepEqual(strangers, [401, 401, 401, 401, 401, 429], 'guessing tokens is slow');
    },
    { requestsPerMinute: 5 },
  );
});

test('while the log takes nothing, changes are answered 503, looking goes on, and readiness says why', async () => {
  let isDown = false;
  const unavailable = (): never => {
    throw new MpcError('bus.unavailable', 'the log has no quorum');
  };
  await withFaces(
    async (faces) => {
      const body = newCollaboration();
      const headers = { 'idempotency-key': 'one' };
      isDown = true;
      const refused = await faces.ask('POST /collaboration', { as: 'analyst', body, headers });
      assertProblem(refused, 503, 'bus.unavailable');
      assert.equal(refused.headers.get('retry-after'), '1');
      assertProblem(await faces.ask('GET /readyz'), 503, 'bus.unavailable');
      assert.equal((await faces.ask('GET /healthz')).status, 200);
      assert.equal((await faces.ask('GET /collaboration', { as: 'acme' })).status, 200);
      const { body: status } = await faces.ask('GET /sys-status', { as: 'acme' });
      assert.deepEqual([status.log.takesEntries, status.log.code], [false, 'bus.unavailable']);
      isDown = false;
      assert.equal((await faces.ask('POST /collaboration', { as: 'analyst', body, headers })).status, 201);
      assert.equal((await faces.ask('GET /collaboration', { as: 'acme' })).body.items.length, 1);
    },
    {
      changeLog: (log) => ({
        append: async (id, data) => (isDown ? unavailable() : log.append(id, data)),
        last: async () => (isDown ? unavailable() : log.last()),
      }),
    },
  );
});

test('what is no HTTP is answered and cut off, and hurts nobody', async () => {
  await withFaces(async (faces) => {
    for (const bytes of [
      '\u0000\u0001\u0002\r\n\r\n',
      'GET\r\n\r\n',
      'POST / HTTP/9.9\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nX: \u0000\r\n\r\n',
    ])
      assert.match(await raw(faces, bytes), /^HTTP\/1\.1 400 .*"code":"request\.not-http"/s);
    const big = `GET /ping HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(32 * 1024)}\r\n\r\n`;
    assert.match(await raw(faces, big), /^HTTP\/1\.1 431 .*"code":"request\.too-large"/s);
    // Two lengths, or a length and chunks: what smugglers send.
    const smuggled =
      'POST /collaboration HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    assert.match(await raw(faces, smuggled), /^HTTP\/1\.1 400 /);
    assert.equal((await faces.ask('GET /ping')).status, 200);
    assert.deepEqual(faces.troubles, [], 'none of it is a fault of the program');
  });
});

test('every answer carries the headers that keep browsers from guessing', async () => {
  await withFaces(async (faces) => {
    for (const [line, as] of [
      ['GET /ping', undefined],
      ['GET /collaboration', 'acme'],
      ['GET /collaboration', undefined],
      ['GET /x', undefined],
    ] as const) {
      const { headers } = await faces.ask(line, as === undefined ? {} : { as });
      assert.equal(headers.get('x-content-type-options'), 'nosniff', line);
      assert.equal(headers.get('x-frame-options'), 'DENY', line);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, line);
      assert.equal(headers.get('access-control-allow-origin'), null, line);
    }
  });
});

test('the documentation page loads nothing from outside', async () => {
  await withFaces(async (faces) => {
    const page = await faces.ask('GET /docs/');
    assert.equal(page.status, 200);
    const links = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    assert.ok(links.length >= 4, `expected the page's parts, saw ${links.length}`);
    for (const link of links) {
      assert.ok(!/^(https?:)?\/\//.test(link), `${link} is outside`);
      assert.equal((await faces.ask(`GET ${new URL(link, 'http://a/docs/').pathname}`)).status, 200, link);
    }
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  });
});

function raw(faces: Faces, bytes: string): Promise<string> {
  const { port } = new URL(faces.url());
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.once('close', () => resolve(text));
    socket.once('error', (error) => (text === '' ? reject(error) : resolve(text)));
  });
}

test('tokens appear in no answer and no trouble', async () => {
  await withFaces(async (faces) => {
    const answers = [
      await faces.ask('GET /collaboration', { as: 'acme' }),
      await faces.ask('GET /sys-status', { as: 'acme' }),
      await faces.ask('POST /collaboration', { as: 'acme', body: {} }),
    ];
    assert.equal(answers.length, 3);
    for (const { body } of answers) assert.ok(!JSON.stringify(body).includes(tokenOf('acme')));
  });
});
