/**
 * Owns requests whose body is a table's rows: streamed to whoever takes them, never held in memory, described and not validated.
 */
import type { FastifyInstance, FastifySchema, FastifySchemaCompiler } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Routes } from '../http/face.ts';
import { ROWS_BYTES } from './party.ts';

/** What a path that takes rows says beside its own schema. */
export const takesRows = {
  bodyLimit: ROWS_BYTES,
  /** The body is a stream, and the rows are checked against the descriptor. */
  validatorCompiler: ((route) =>
    route.httpPart === 'body'
      ? (value: unknown) => ({ value })
      : // The schema is one of zod's, as everywhere here.
        validatorCompiler(
          route as Parameters<typeof validatorCompiler>[0],
        )) satisfies FastifySchemaCompiler<FastifySchema>,
};

export const rowsSchema = {
  consumes: ['text/csv'],
  body: z.string().meta({ description: 'A header line, then a row a line' }),
};

/** Bodies of `rows` are streams: a table may be larger than memory. */
export function streamed(rows: FastifyInstance | Routes): Routes {
  rows.removeAllContentTypeParsers();
  rows.addContentTypeParser(['text/csv', 'text/plain', 'application/octet-stream'], (_, payload, done) =>
    done(null, payload),
  );
  return rows as unknown as Routes;
}
