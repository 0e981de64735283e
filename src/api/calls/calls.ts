/**
 * Owns typed calls to both faces, from the types that their descriptions give. A problem document becomes the MpcError that it was.
 */
import createClient, { type Client } from 'openapi-fetch';
import { errorOfProblem } from '../../base/problem.ts';
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
  throw errorOfProblem(error, response.status);
}
