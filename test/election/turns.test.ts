/** Whose turn it is at a server that is asked for more than it does at once. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { Turns } from '../../src/box/turns.ts';

/** Work that a test finishes, one after the other, in the order in which it was begun. */
class Bench {
  readonly begun: string[] = [];
  readonly outcomes: string[] = [];
  readonly #finish: ((error?: Error) => void)[] = [];
  readonly #turns: Turns;

  constructor(...[limits]: ConstructorParameters<typeof Turns>) {
    this.#turns = new Turns(limits);
  }

  send(sender: string): void {
    const work = (): Promise<void> => {
      this.begun.push(sender);
      return new Promise((resolve, reject) => {
        this.#finish.push((error) => (error === undefined ? resolve() : reject(error)));
      });
    };
    this.#turns.take(sender, work).then(
      () => this.outcomes.push(`${sender} done`),
      (error: unknown) => this.outcomes.push(error instanceof MpcError ? error.code : `${sender} failed`),
    );
  }

  async finish(error?: Error): Promise<void> {
    this.#finish.shift()?.(error);
    await new Promise(setImmediate);
  }
}

test('one who sends a thousand messages has a few here, is refused the others, and others get their turns', async () => {
  const bench = new Bench({ inHand: 2, perSender: 4, waiting: 100 });
  for (let message = 0; message < 1000; message++) bench.send('flood');
  for (const voter of ['ada', 'ben', 'cleo']) bench.send(voter);
  await new Promise(setImmediate);
  assert.equal(bench.outcomes.filter((code) => code === 'election.too-fast').length, 996);
  for (let work = 0; work < 7; work++) await bench.finish();
  // Two of the flood's were here first; then senders take turns.
  assert.deepEqual(bench.begun, ['flood', 'flood', 'flood', 'ada', 'ben', 'cleo', 'flood']);
  assert.equal(bench.outcomes.filter((outcome) => outcome.endsWith('done')).length, 7);
  // Once they are answered there is room again.
  bench.send('flood');
  assert.equal(bench.begun.at(-1), 'flood');
});

test('many senders together wait in a bounded number, and whoever comes then is told to ask again', async () => {
  const bench = new Bench({ inHand: 1, perSender: 4, waiting: 10 });
  for (let sender = 0; sender < 20; sender++) bench.send(`sender ${sender}`);
  await new Promise(setImmediate);
  assert.deepEqual(bench.outcomes, new Array<string>(9).fill('election.busy'));
  for (let work = 0; work < 11; work++) await bench.finish();
  assert.deepEqual(
    bench.begun,
    Array.from({ length: 11 }, (_, sender) => `sender ${sender}`),
  );
});

test('work that fails gives its place to the next', async () => {
  const bench = new Bench({ inHand: 1, perSender: 1, waiting: 10 });
  for (const sender of ['ada', 'ben', 'cleo']) bench.send(sender);
  await bench.finish(new Error('a disk is full'));
  await bench.finish();
  bench.send('ada');
  await bench.finish();
  await bench.finish();
  assert.deepEqual(bench.begun, ['ada', 'ben', 'cleo', 'ada']);
  assert.deepEqual(bench.outcomes, ['ada failed', 'ben done', 'cleo done', 'ada done']);
});
