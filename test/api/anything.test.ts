/**
 * Whatever is sent, to any path, by whomever: an answer of the 2xx to 4xx kind, never a fault of the program, and all errors are problems.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { documents } from '../../src/api/openapi/documents.ts';
import { newCollaboration, withFaces } from './world.ts';

const RUNS = 400;
const SEED = 20_261_126;

const words = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    'acme',
    'analyst',
    '0'.repeat(20),
    'a'.repeat(64),
    '..',
    '%2e%2e',
    '__proto__',
    'constructor',
    '\u0000',
    'é',
  ),
);
const bodies = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.string({ maxLength: 200 }),
  fc.constant(JSON.stringify(newCollaboration())),
  fc
    .tuple(
      fc.constantFrom('program', 'inputs', 'outputs', 'deadline', 'minimum', 'minGroupSize', 'toString'),
      fc.jsonValue({ maxDepth: 2 }),
    )
    .map(([member, value]) => JSON.stringify(newCollaboration({ [member]: value }))),
);

test(`requests of every form, at every path (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const [coordinator] = await documents();
  assert.ok(coordinator !== undefined);
  const { paths } = coordinator.document as { paths: Record<string, object> }; // OpenAPI's form
  const operations = Object.entries(paths)
    .filter(([path]) => !path.endsWith('/events'))
    .flatMap(([path, item]) => Object.keys(item).map((method) => [method.toUpperCase(), path] as const));
  assert.ok(operations.length > 20, `expected many operations, saw ${operations.length}`);
  const statuses = new Map<number, number>();
  await withFaces(async (faces) => {
    const { id } = (await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() })).body
      .collaboration;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...operations),
        fc.array(words, { minLength: 3, maxLength: 3 }),
        fc.option(bodies, { nil: undefined }),
        fc.constantFrom('acme', 'analyst', 'stranger', undefined),
        fc.constantFrom('application/json', 'text/csv', 'application/x-www-form-urlencoded', ''),
        fc.option(fc.stringMatching(/^[!-~]{1,40}$/), { nil: undefined }),
        async ([method, path], values, body, as, type, key) => {
          const [one = '', two = '', query = ''] = values;
          const filled = path
            .replace('{cid}', one.length % 2 === 0 ? id : encodeURIComponent(one))
            .replace(/\{\w+\}/, encodeURIComponent(two) || 'x');
          const answer = await faces.ask(
            `${method} ${filled}?${encodeURIComponent(query)}=${encodeURIComponent(one)}`,
            {
              ...(as === undefined ? {} : { as }),
              ...(method === 'GET' || body === undefined ? {} : { body }),
              headers: {
                ...(type === '' || body === undefined ? {} : { 'content-type': type }),
                ...(key === undefined
                  ? {}
                  : { 'idempotency-key': key, 'if-match': key, 'if-none-match': key }),
              },
            },
          );
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          assert.ok(
            answer.status < 500 || answer.status === 503,
            `${answer.status}: ${JSON.stringify(answer.body)}`,
          );
          if (answer.status >= 400) assert.match(answer.headers.get('content-type') ?? '', /problem\+json/);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
    assert.deepEqual(faces.troubles, []);
  });
  for (const status of [400, 401])
    assert.ok((statuses.get(status) ?? 0) > 10, `${status} came ${statuses.get(status)} times`);
});
