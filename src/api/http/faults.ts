/**
 * Owns the step from anything that is thrown while a request is served to the refusal that answers it: our own errors,
 * the schemas' faults, and what the HTTP library says of bodies, URLs and media types.
 */
import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { MpcError, reportOf } from '../../base/errors.ts';
import { statusOf } from '../../base/status.ts';
import { type Fault, HttpRefusal } from './problem.ts';

/** Faults named in one answer: the first few are what a person mends first. */
const SHOWN = 16;
const MESSAGE_CHARACTERS = 300;
/** What may pass by itself is asked again after this long, in seconds. */
export const AGAIN_S = 1;

export function refusalOf(error: unknown): HttpRefusal {
  if (error instanceof HttpRefusal) return error;
  if (error instanceof MpcError) {
    const status = statusOf(error);
    return new HttpRefusal(
      status,
      error.report(),
      status === 503 || status === 429 ? { retryAfterS: AGAIN_S } : {},
    );
  }
  if (hasZodFastifySchemaValidationErrors(error)) return malformed(error);
  return isLibraryError(error) ? ofLibrary(error) : new HttpRefusal(500, reportOf(error));
}

function malformed(error: FastifyError): HttpRefusal {
  const part = error.validationContext ?? 'request';
  const faults: Fault[] = (error.validation ?? []).slice(0, SHOWN).map(({ instancePath, message }) => ({
    path: `${part}${instancePath.slice(0, MESSAGE_CHARACTERS).replaceAll('/', '.')}`,
    message: (message ?? 'not valid').slice(0, MESSAGE_CHARACTERS),
  }));
  const [first] = faults;
  return new HttpRefusal(
    400,
    {
      code: 'request.malformed',
      message: first === undefined ? 'the request is not valid' : `${first.path}: ${first.message}`,
      hint: 'correct the named fields; the description at /docs has every field',
    },
    { faults },
  );
}

/** The library's own refusals by their codes; its texts may quote the request, so ours are used. */
const LIBRARY: Readonly<Record<string, readonly [number, string, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'request.too-large', 'the body is larger than this path takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    'request.media-type',
    'this path does not take bodies of that media type',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'request.no-body', 'the body is empty, but said to be JSON'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'request.not-json', 'the body is not JSON'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'request.length', 'the body is not as long as its header says'],
  FST_ERR_BAD_URL: [400, 'request.url', 'the URL is not well formed'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'request.url', 'the URL is too long'],
  FST_ERR_ASYNC_CONSTRAINT: [400, 'request.url', 'the request cannot be routed'],
};

function ofLibrary(error: FastifyError): HttpRefusal {
  const known = LIBRARY[error.code];
  if (known !== undefined)
    return new HttpRefusal(known[0], { code: known[1], message: known[2], hint: HINT });
  // A body that is no JSON, or one that tries to reach a prototype.
  if (error instanceof SyntaxError)
    return new HttpRefusal(400, { code: 'request.not-json', message: 'the body is not JSON', hint: HINT });
  const { statusCode = 500 } = error;
  return statusCode >= 400 && statusCode < 500
    ? new HttpRefusal(statusCode, {
        code: 'request.refused',
        message: 'the request cannot be served',
        hint: HINT,
      })
    : new HttpRefusal(500, reportOf(error));
}

const HINT = 'the description at /docs says what each path takes';

const isLibraryError = (error: unknown): error is FastifyError =>
  error instanceof Error && ('code' in error || 'statusCode' in error || error instanceof SyntaxError);
