/**
 * Owns what both faces (the coordinator's and the client service's) are made of: limits, security headers, tokens, problem
 * documents, the description and its page. Must never answer an error in any other form, nor load anything from outside.
 */
import type { Socket } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { ErrorReport } from '../../base/errors.ts';
import type { ListenAddress, Tls } from '../../config/api-config.ts';
import { tidy } from '../openapi/tidy.ts';
import { type Authenticate, noSession, tokenOf } from './caller.ts';
import { refusalOf } from './faults.ts';
import { methodsOf } from './methods.ts';
import { HttpRefusal, PROBLEM_TYPE, problemOf } from './problem.ts';

export interface FaceOptions {
  readonly title: string;
  readonly description: string;
  readonly authenticate: Authenticate;
  readonly requestsPerMinute: number;
  readonly tls?: Tls | undefined;
  /** A request that is not whole after this long is given up: a minute, unless large bodies are expected. */
  readonly requestMs?: number;
  /** Told of every fault of the program; never of what a caller did wrong. */
  readonly onTrouble: (report: ErrorReport, about: Readonly<Record<string, string>>) => void;
}

export type Routes = ReturnType<typeof typed>;

export interface Face {
  readonly app: Routes;
  /** Resolves with the URL that it answers at. */
  listen(address: ListenAddress): Promise<string>;
  /** Answers what is in hand, ends what streams. */
  close(): Promise<void>;
}

/** Bytes of a JSON body: a packed program with its fields. Paths that take rows say their own. */
const BODY_BYTES = 1024 * 1024;
const REQUEST_MS = 60_000;
/** Connections of one face: each costs some kilobytes. */
const CONNECTIONS = 2048;
/** Callers whose requests are counted. */
const COUNTED = 10_000;
const DRAIN_MS = 2_000;

/** Registers nothing but what is common. `routes` adds the rest; the description is whole after it. */
export async function openFace(
  options: FaceOptions,
  routes: (app: Routes) => void | Promise<void>,
): Promise<Face> {
  const { tls, requestMs = REQUEST_MS } = options;
  const common = {
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: requestMs,
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: 'idle',
    clientErrorHandler: notHttp,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      answer(options, error, request, reply),
  } as const;
  const plain: FastifyInstance =
    tls === undefined
      ? fastify(common)
      : // The types of an HTTPS server differ in its raw parts only, which nothing here touches.
        (fastify({ ...common, https: { ...tls, minVersion: 'TLSv1.2' } }) as unknown as FastifyInstance);
  const app = typed(plain);
  app.server.maxConnections = CONNECTIONS;
  const streams = new Set<Socket>();
  app.decorate('streams', streams);
  app.decorate('authenticate', options.authenticate);
  app.decorateRequest('caller', null);
  app.setErrorHandler((error, request, reply) => answer(options, error, request, reply));
  const methods = methodsOf(app);
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods(request.url);
    if (allowed.length === 0) return answer(options, noPath(), request, reply);
    return answer(
      options,
      noMethod(request.method, allowed),
      request,
      reply.header('allow', allowed.join(', ')),
    );
  });
  addHeaders(app, tls !== undefined);
  await addTokens(app, options);
  await describe(app, options);
  await routes(app);
  await app.ready();
  return {
    app,
    listen: async ({ host, port }) => app.listen({ host, port }),
    close: async () => {
      // Streams never end by themselves; answers in hand have a moment.
      for (const socket of streams) socket.destroy();
      const force = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
      await app.close();
      clearTimeout(force);
    },
  };
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Sockets of answers that go on until somebody ends them. */
    readonly streams: Set<Socket>;
    /** Whose a token is now: streams ask again from time to time. */
    readonly authenticate: Authenticate;
  }
}

function typed(plain: FastifyInstance) {
  plain.setValidatorCompiler(validatorCompiler);
  plain.setSerializerCompiler(serializerCompiler);
  return plain.withTypeProvider<ZodTypeProvider>();
}

function answer(
  { onTrouble }: FaceOptions,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refusal = refusalOf(error);
  const path = request.url.split('?', 1)[0]?.slice(0, 300) ?? '';
  if (refusal.status === 500) onTrouble(refusal.report, { path: request.routeOptions.url ?? path });
  if (refusal.retryAfterS !== undefined) void reply.header('retry-after', refusal.retryAfterS);
  if (refusal.status === 401) void reply.header('www-authenticate', 'Bearer');
  return reply
    .code(refusal.status)
    .header('cache-control', 'no-store')
    .serializer((problem: unknown) => JSON.stringify(problem))
    .type(PROBLEM_TYPE)
    .send(problemOf(refusal, path));
}

const noPath = (): HttpRefusal =>
  new HttpRefusal(404, {
    code: 'request.no-path',
    message: 'there is no such path',
    hint: 'the description at /docs has all paths',
  });

const noMethod = (method: string, allowed: readonly string[]): HttpRefusal =>
  new HttpRefusal(405, {
    code: 'request.no-method',
    message: `${method} is no method of this path`,
    hint: `use ${allowed.join(', ')}`,
  });

/** What does not even parse as HTTP. */
function notHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const [status, code] = RAW[error.code ?? ''] ?? [400, 'request.not-http'];
  const refusal = new HttpRefusal(status, { code, message: 'the request is not well-formed HTTP' });
  const body = JSON.stringify(problemOf(refusal, ''));
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const RAW: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'request.too-large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request.slow'],
};

function addHeaders(app: FastifyInstance, isTls: boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(isTls ? { ...HEADERS, 'strict-transport-security': 'max-age=31536000' } : HEADERS);
    if (!request.url.startsWith('/docs')) void reply.header('content-security-policy', NOTHING);
  });
}

export const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;
const NOTHING = "default-src 'none'; frame-ancestors 'none'";

/** Tokens are looked at first, so that requests are counted by account; whoever has none is counted by address. */
async function addTokens(
  app: FastifyInstance,
  { authenticate, requestsPerMinute }: FaceOptions,
): Promise<void> {
  app.addHook('onRequest', async (request) => {
    const token = tokenOf(request);
    if (token !== undefined && request.routeOptions.config.open !== true)
      request.caller = (await authenticate(token)) ?? null;
  });
  await app.register(rateLimit, {
    global: true,
    max: requestsPerMinute,
    timeWindow: 60_000,
    cache: COUNTED,
    keyGenerator: ({ caller, ip }) => (caller === null ? `address ${ip}` : `account ${caller.account}`),
    errorResponseBuilder: (_, { ttl }) =>
      new HttpRefusal(
        429,
        {
          code: 'request.too-fast',
          message: `more than ${requestsPerMinute} requests in a minute`,
          hint: 'wait as long as Retry-After says',
        },
        { retryAfterS: Math.max(1, Math.ceil(ttl / 1000)) },
      ),
  });
  // After the counting, which is one of each path's own first hooks, and before a byte of the body is read.
  app.addHook('preParsing', async ({ caller, routeOptions }) => {
    if (caller === null && routeOptions.url !== undefined && routeOptions.config.open !== true)
      throw noSession();
  });
}

async function describe(app: FastifyInstance, { title, description }: FaceOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        description,
        version: VERSION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: createJsonSchemaTransform({ skipList: [] }),
    transformObject: (document) => tidy(createJsonSchemaTransformObject({})(document)),
  });
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, open: true };
    });
    await docs.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  });
  app.get('/openapi.json', { config: { open: true }, schema: { hide: true } }, () => app.swagger());
}

const VERSION = '0.1.0';
