/**
 * Owns the moment from which a face answers, and who is told where.
 */
import { writeFileSync } from 'node:fs';
import type { Face } from '../../src/api/http/face.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { type ApiConfig, listenAddress } from '../../src/config/api-config.ts';
import type { Logger } from '../../src/observe/logger.ts';

/** Throws `api.cannot-listen`. */
export async function listening(face: Face, api: ApiConfig, logger: Logger): Promise<void> {
  let url: string;
  try {
    url = await face.listen(listenAddress(api));
  } catch (error) {
    throw new MpcError('api.cannot-listen', `cannot listen on ${api.listen}: ${codeOf(error)}`, {
      hint: 'choose another address under [api]: listen = "127.0.0.1:0" takes a free port',
      exitCode: EXIT.unavailable,
    });
  }
  logger.info({ url }, `answering at ${url}`);
  if (api.addressFile !== undefined) writeFileSync(api.addressFile, `${url}\n`);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
