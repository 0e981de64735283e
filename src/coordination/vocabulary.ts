/**
 * Owns which chapter knows a command's kind, and whether the body is what that chapter takes.
 * Must never let two chapters know one kind: what a command does must not depend on who follows what.
 */
import { z } from 'zod';
import { assert, MpcError } from '../base/errors.ts';
import type { Body, Chapter } from './chapter.ts';
import { malformed } from './commands.ts';
import { faultsOf } from './faults.ts';

/** A kind of command. */
export interface Word {
  readonly chapter: Chapter;
  readonly schema: z.ZodObject;
  readonly vouchable: boolean;
}

export class Vocabulary {
  readonly #words = new Map<string, Word>();

  constructor(chapters: readonly Chapter[]) {
    const names = chapters.map(({ name }) => name);
    assert(new Set(names).size === names.length, 'every chapter has its own name');
    assert(
      chapters.filter(({ sessionHolder }) => sessionHolder !== undefined).length <= 1,
      'one chapter at most knows sessions',
    );
    for (const chapter of chapters) {
      assert(
        (chapter.reads ?? []).every((name) => names.includes(name)),
        'who follows a chapter follows those that it reads',
      );
      for (const schema of chapter.bodies) this.#add(chapter, schema);
    }
  }

  /** The chapter of that kind, or undefined. */
  find(kind: string): Word | undefined {
    return this.#words.get(kind);
  }

  /** The body as its chapter takes it. Throws `command.unknown-kind` or `command.malformed`. */
  checked(body: Body): Body {
    const word = this.#words.get(body.kind);
    if (word === undefined) throw unknownKind(body.kind);
    const parsed = word.schema.safeParse(body);
    if (!parsed.success) throw malformed(faultsOf(parsed.error, 'body'));
    return parsed.data as Body; // its schema has a literal kind; parsed JSON otherwise
  }

  #add(chapter: Chapter, schema: z.ZodObject): void {
    const kind = kindOf(schema);
    assert(!this.#words.has(kind), "every kind of command is one chapter's");
    this.#words.set(kind, { chapter, schema, vouchable: chapter.vouchable.includes(kind) });
  }
}

function kindOf({ shape: { kind } }: z.ZodObject): string {
  assert(kind instanceof z.ZodLiteral && typeof kind.value === 'string', 'a body has a literal kind');
  return kind.value;
}

const unknownKind = (kind: string): MpcError =>
  new MpcError('command.unknown-kind', `no command is called ${JSON.stringify(kind.slice(0, 64))} here`, {
    hint: 'sender and coordinator must be of one version',
  });
