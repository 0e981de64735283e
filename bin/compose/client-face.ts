/**
 * Owns how a party's client service is put together. Loaded only where a configuration has an [api] section.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClientFace, openClientFace } from '../../src/api/client/open.ts';
import { localToken, tokenOnly } from '../../src/api/client/token.ts';
import { readPage } from '../../src/api/http/page-files.ts';
import { type ApiConfig, readTls } from '../../src/config/api-config.ts';
import { listening } from './listening.ts';
import type { Runtime } from './runtime.ts';

/** The built page, from the sources as from the bundle. */
const PAGE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/pages/party/' : './pages/party/',
  import.meta.url,
);

/** Listens from now on; answers 503 until the client has caught up. */
export async function clientFace(runtime: Runtime, api: ApiConfig, party: string): Promise<ClientFace> {
  const { troubles, parts } = runtime;
  const token = localToken(api.tokenFile ?? join(parts.state, 'api-token'), parts.random);
  const face = await openClientFace({
    requestsPerMinute: api.requestsPerMinute,
    tls: readTls(api),
    authenticate: tokenOnly(token, party),
    page: readPage(fileURLToPath(PAGE)),
    onTrouble: (report, about) => troubles.note(report, about),
  });
  await listening(face, api, parts.logger);
  return face;
}
