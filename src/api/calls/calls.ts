/**
 * Owns typed calls to both faces, from the types that their descriptions give. A problem document becomes the MpcError that it was.
 */
import createClient, { type Client } from 'openapi-fetch';
import { EXIT, type ExitCode, MpcError } from '../../base/errors.ts';
import { problemSchema } from '../http/problem.ts';
import type { paths as ClientPaths } from './client-types.ts';
import type { paths as CoordinatorPaths } from './coordinator-types.ts';
import { type FailoverOptions, failoverFetch } from './failover.ts';

export type ClientCalls = Client<ClientPaths>;
export type CoordinatorCalls = Client<CoordinatorPaths>;

export interface CallsOptions extends FailoverOptions {
  readonly token?: string | undefined;
}

export const coordinatorCalls = (options: CallsOptions): CoordinatorCalls =>
  createClient<CoordinatorPaths>(settings(options));

export const clientCalls = (options: CallsOptions): ClientCalls =>
  createClient<ClientPaths>(settings(options));

function settings(options: CallsOptions) {
  const { urls, token } = options;
  return {
    baseUrl: urls[0] ?? '',
    fetch: failoverFetch(options),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  };
}

/** What was answered. Throws the problem as the error that it is. */
export function answered<Data>({
  data,
  error,
  response,
}: {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}): Data {
  if (response.ok) return data as Data; // of the type that the description gives for this status
  throw errorOf(error, response.status);
}

function errorOf(error: unknown, status: number): MpcError {
  const problem = problemSchema.safeParse(error);
  if (!problem.success)
    return new MpcError('api.unreadable', `an answer of status ${status} is not readable`, {
      hint: 'is it an mpc role of this version that answers there?',
      exitCode: EXIT.protocol,
    });
  const { code, detail, hint, place, faults = [] } = problem.data;
  const more =
    faults.length > 1
      ? `; ${faults
          .slice(1)
          .map(({ path, message }) => `${path}: ${message}`)
          .join('; ')}`
      : '';
  const { party, file, line, column } = place ?? {};
  return new MpcError(code, `${detail}${more}`, {
    exitCode: EXITS[status] ?? EXIT.software,
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined
      ? {}
      : {
          place: {
            ...(party === undefined ? {} : { party }),
            ...(file === undefined ? {} : { file }),
            ...(line === undefined ? {} : { line }),
            ...(column === undefined ? {} : { column }),
          },
        }),
  });
}

const EXITS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.badData,
  401: EXIT.noPermission,
  403: EXIT.noPermission,
  404: EXIT.noInput,
  409: EXIT.temporary,
  412: EXIT.temporary,
  413: EXIT.badData,
  415: EXIT.badData,
  422: EXIT.badData,
  429: EXIT.temporary,
  503: EXIT.unavailable,
};
