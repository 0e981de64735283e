/**
 * Owns the last touch to a description: components that nothing refers to are left out, those that come in one form only carry
 * their plain name, and bounds that say no more than "a number" are dropped. Must never change what a path takes or gives.
 */
type Node = { [name: string]: unknown };

const PREFIX = '#/components/schemas/';

export function tidy<Document>(document: Document): Document {
  const whole = plain(JSON.parse(JSON.stringify(document))) as Node; // a copy: JSON by its nature
  const components = whole.components as Node | undefined;
  const schemas = (components?.schemas ?? {}) as Record<string, Node>;
  const used = reachable(whole, schemas);
  const names = new Map<string, string>();
  for (const name of Object.keys(schemas).sort()) {
    if (!used.has(name)) continue;
    const bare = name.replace(/Input$/, '');
    const isFree =
      bare !== name && (!used.has(bare) || JSON.stringify(schemas[bare]) === JSON.stringify(schemas[name]));
    names.set(name, isFree ? bare : name);
  }
  const kept = [...names].map(([name, plainName]) => [plainName, renamed(schemas[name], names)] as const);
  const sorted = Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
  const rest = renamed({ ...whole, components: { ...components, schemas: {} } }, names) as Node;
  return { ...rest, components: { ...(rest.components as Node), schemas: sorted } } as Document; // of the same form
}

/** Names of the components that paths refer to, directly or through others. */
function reachable({ paths }: Node, schemas: Readonly<Record<string, Node>>): Set<string> {
  const found = new Set<string>();
  const look = (node: unknown): void => {
    for (const name of references(node)) {
      if (found.has(name)) continue;
      found.add(name);
      look(schemas[name]);
    }
  };
  look(paths);
  return found;
}

function references(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value.slice(PREFIX.length)] : references(value),
  );
}

function renamed(node: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(node)) return node.map((item) => renamed(item, names));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (key !== '$ref' || typeof value !== 'string') return [key, renamed(value, names)];
      const name = value.slice(PREFIX.length);
      return [key, `${PREFIX}${names.get(name) ?? name}`];
    }),
  );
}

function plain(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !(key === 'content' && isNothing(value)))
      .filter(([key, value]) => !(LOOSE.includes(String(value)) && (key === 'minimum' || key === 'maximum')))
      .filter(([key]) => !(key === 'pattern' && 'format' in node && node.format === 'date-time'))
      .map(([key, value]) => [key, plain(value)]),
  );
}

const LOOSE = [String(Number.MAX_SAFE_INTEGER), String(Number.MIN_SAFE_INTEGER)];

/** The content of an answer that has none: zod calls it null. */
function isNothing(content: unknown): boolean {
  return /^\{"application\/json":\{"schema":\{("description":"[^"]*",)?"type":"null"(,"description":"[^"]*")?\}\}\}$/.test(
    JSON.stringify(content),
  );
}
