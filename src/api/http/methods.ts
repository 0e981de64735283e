/**
 * Owns which methods each path of a face has, so that a wrong one is told the right ones (405 with Allow). Must never answer for a path
 * itself: it only knows what was registered.
 */
import type { FastifyInstance } from 'fastify';

/** Hears of every route that is added from now on. The returned function tells the methods that a URL's path has, sorted. */
export function methodsOf(app: FastifyInstance): (url: string) => readonly string[] {
  const routes: { readonly matches: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ matches: patternOf(url), methods: [method].flat() });
  });
  return (url) => {
    const [path = ''] = url.split('?', 1);
    const fitting = routes.filter(({ matches }) => matches.test(path));
    return [...new Set(fitting.flatMap(({ methods }) => methods))].sort();
  };
}

/** Of the router's own forms those that we use: `:name` is one part of a path, a last `*` all the rest. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+';
    return part === '*' ? '.*' : part.replace(/[^a-zA-Z0-9_-]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
