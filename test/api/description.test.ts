/**
 * Owns the promise that docs/openapi and the typed clients are what the faces serve: whoever changes a path writes them anew.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { committed } from '../../src/api/openapi/committed.ts';
import { documents } from '../../src/api/openapi/documents.ts';
import { ROOT } from '../support/rows.ts';

test('the committed descriptions and types are those of the faces', async () => {
  const files = await committed();
  assert.ok(files.length >= 2);
  for (const { path, text } of files)
    assert.ok(
      readFileSync(join(ROOT, path), 'utf8') === text,
      `${path} is not of this version: npm run openapi`,
    );
});

test('every reference of a description leads somewhere, and every operation has a name of its own', async () => {
  let references = 0;
  for (const { name, document } of await documents()) {
    const text = JSON.stringify(document);
    const schemas = Object.keys(JSON.parse(text).components.schemas);
    for (const [, target = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      references++;
      assert.ok(schemas.includes(target), `${name} refers to ${target}`);
    }
    const names = [...text.matchAll(/"operationId":"([^"]+)"/g)].map((match) => match[1]);
    assert.equal(new Set(names).size, names.length, name);
    assert.ok(names.length >= 9, `${name} has ${names.length} operations`);
  }
  assert.ok(references > 100, `expected many references, saw ${references}`);
});

test('a validator that is not ours finds them to be OpenAPI 3.1', async () => {
  for (const { name, document } of await documents()) {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
    assert.ok(valid, `${name}: ${JSON.stringify(errors)}`);
    assert.equal(validator.version, '3.1', name);
  }
});
