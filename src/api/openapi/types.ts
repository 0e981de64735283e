/**
 * Owns the step from an OpenAPI 3.1 description to TypeScript types in the form that openapi-fetch takes (`paths`). Knows those
 * parts of JSON Schema that our descriptions use; anything else stops it. Must never give a type that is looser than the schema says.
 */
import { assert } from '../../base/errors.ts';

type Node = { readonly [name: string]: unknown };

export function typesOf(title: string, document: object): string {
  const { paths, components } = document as { paths: Node; components: { schemas: Node } }; // OpenAPI's form
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `    ${name}: ${typeOf(schema)};`,
  );
  return [
    `/** Owns the types of what the ${title} answers. Generated from docs/openapi/${title}.json: npm run openapi. */`,
    'export interface paths {',
    ...Object.entries(paths).map(([path, item]) => `  ${JSON.stringify(path)}: ${pathType(item as Node)};`),
    '}',
    'export interface components {',
    '  schemas: {',
    ...schemas,
    '  };',
    '}',
    '',
  ].join('\n');
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

function pathType(item: Node): string {
  const methods = METHODS.map((method) => {
    const operation = item[method];
    return operation === undefined ? `${method}?: never` : `${method}: ${operationType(operation as Node)}`;
  });
  return `{ parameters: { query?: never; header?: never; path?: never; cookie?: never }; ${methods.join('; ')} }`;
}

function operationType({ parameters, requestBody, responses }: Node): string {
  const body =
    requestBody === undefined ? 'requestBody?: never' : `requestBody: ${contentOf(requestBody as Node)}`;
  const answers = Object.entries(responses as Node).map(
    ([status, response]) =>
      `${status}: { headers: { [name: string]: unknown }; ${contentOf(response as Node)
        .slice(1, -1)
        .trim()} }`,
  );
  return `{ parameters: ${parametersType((parameters ?? []) as Node[])}; ${body}; responses: { ${answers.join('; ')} } }`;
}

function parametersType(parameters: readonly Node[]): string {
  const places = ['query', 'header', 'path', 'cookie'].map((place) => {
    const here = parameters.filter((parameter) => parameter.in === place);
    if (here.length === 0) return `${place}?: never`;
    const members = here.map(
      ({ name, required, schema }) =>
        `${key(String(name))}${required === true ? '' : '?'}: ${typeOf(schema)}`,
    );
    const needed = here.some(({ required }) => required === true) ? '' : '?';
    return `${place}${needed}: { ${members.join('; ')} }`;
  });
  return `{ ${places.join('; ')} }`;
}

/** Only what has content of a type: an answer without any has none. */
function contentOf({ content }: Node): string {
  const types = Object.entries((content ?? {}) as Node)
    .map(([media, form]) => [media, typeOf((form as Node).schema)] as const)
    .filter(([, type]) => type !== 'null');
  if (types.length === 0) return '{ content?: never }';
  return `{ content: { ${types.map(([media, type]) => `${JSON.stringify(media)}: ${type}`).join('; ')} } }`;
}

function typeOf(schema: unknown): string {
  assert(typeof schema === 'object' && schema !== null, 'a schema is an object');
  const { $ref, type, enum: values, anyOf, oneOf, allOf } = schema as Node;
  if (typeof $ref === 'string') return `components['schemas']['${$ref.split('/').at(-1) ?? ''}']`;
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' | ');
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return choices.map((choice) => wrapped(typeOf(choice))).join(' | ');
  if (Array.isArray(allOf)) return allOf.map((part) => wrapped(typeOf(part))).join(' & ');
  if (Array.isArray(type))
    return type.map((one: unknown) => wrapped(typeOf({ ...schema, type: one }))).join(' | ');
  switch (type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return `${wrapped(typeOf((schema as Node).items))}[]`;
    case 'object':
      return objectType(schema as Node);
  }
  throw new Error(`no TypeScript type for the schema ${JSON.stringify(schema).slice(0, 200)}`);
}

function objectType({ properties, required, additionalProperties }: Node): string {
  const needed = (required ?? []) as string[];
  const members = Object.entries((properties ?? {}) as Node).map(
    ([name, schema]) => `${key(name)}${needed.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  );
  if (typeof additionalProperties === 'object' && additionalProperties !== null)
    members.push(
      `[name: string]: ${Object.keys(additionalProperties).length === 0 ? 'unknown' : typeOf(additionalProperties)}`,
    );
  return members.length === 0 ? 'Record<string, never>' : `{ ${members.join('; ')} }`;
}

const key = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
const wrapped = (type: string): string => (/[|&]/.test(type) ? `(${type})` : type);
